"""The hash chain of the log: blocks of settled entries, each signed and chained to its predecessor."""
