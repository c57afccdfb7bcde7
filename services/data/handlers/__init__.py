"""The endpoints of the data service. Each is one short function: load, decide, commit, reply."""
