"""The commit log: what is written into it, how it is published, how it is read as history."""
