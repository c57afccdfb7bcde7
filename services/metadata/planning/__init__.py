"""What a change of definitions means: statements for tables, indexes, and names that follow. Pure."""
