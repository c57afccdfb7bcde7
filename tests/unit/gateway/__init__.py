"""Pure parts of the gateway."""
