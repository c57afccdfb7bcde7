"""Plans a change of definitions: statements for tables and indexes, and renames in other definitions. Pure."""
