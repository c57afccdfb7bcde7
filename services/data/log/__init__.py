"""The commit log: its entries, its statements, how it is published, and up to where it is settled."""
