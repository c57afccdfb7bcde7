"""What is defined, in memory: stored definitions, and the schema that they make. Pure."""
