"""The expressions, templates and paths of definitions, with the names that each can read. Pure."""
