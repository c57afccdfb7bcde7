"""The history of instances: appended to, read, folded; and the rows that show the newest state."""
