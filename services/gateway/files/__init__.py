"""The bytes of files: safe names and types, ranges, storage, and the removal of loose files."""
