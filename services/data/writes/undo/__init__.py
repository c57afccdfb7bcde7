"""Takes a commit back: plan the inverse steps, lock, compare with the log, apply, check references."""
