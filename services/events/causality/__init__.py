"""From one request to everything it has led to: what other services own is asked for and joined to a graph."""
