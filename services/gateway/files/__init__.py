"""The bytes of files: names and types that are safe to hand out, parts of a file, storage, and what is swept away."""
