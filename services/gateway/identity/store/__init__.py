"""Every statement of the gateway about identity, named and explained; a module per thing."""
