"""Reading and writing records of one entity."""
