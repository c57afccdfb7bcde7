"""Plain Python models of the system, and generators of their inputs."""
