"""Request and response between services: client, server, claim check for large bodies, streaming, signed contexts."""
