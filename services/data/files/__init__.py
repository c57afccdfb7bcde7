"""Descriptions of uploaded files: their SQL, and which records hold a file. The gateway stores the bytes."""
