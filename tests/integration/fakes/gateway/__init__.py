"""A gateway that is always ready."""
