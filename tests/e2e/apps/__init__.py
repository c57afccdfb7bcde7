"""Apps as tenants: their databases, servers, sessions, and their removal."""
