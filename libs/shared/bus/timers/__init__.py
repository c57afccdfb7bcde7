"""Work that is due at a time, for all apps, and the leases that decide which replica does it."""
