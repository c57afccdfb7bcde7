"""The data service: rules, computed fields, state machines."""
