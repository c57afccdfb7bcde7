"""HTTP: the server, the door, and the way on to the service that answers."""
