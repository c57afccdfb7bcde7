"""The endpoints of the metadata service: load, decide, commit, reply."""
