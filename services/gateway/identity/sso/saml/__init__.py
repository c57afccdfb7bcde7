"""SAML 2.0, as a service provider: signed and encrypted assertions, metadata, single logout."""
