"""The documentation, carried out: each request that it shows is sent."""
