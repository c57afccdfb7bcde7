"""Unit tests of the workflow service."""
