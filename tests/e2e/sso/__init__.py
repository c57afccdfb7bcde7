"""End-to-end tests of single sign-on."""
