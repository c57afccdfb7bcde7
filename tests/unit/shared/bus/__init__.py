"""Messages, requests and consumers."""
