"""Every static statement of the metadata service, by subject."""
