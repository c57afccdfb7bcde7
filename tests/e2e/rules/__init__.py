"""Rules, computed fields and state machines."""
