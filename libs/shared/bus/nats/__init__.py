"""NATS itself: the connection, its protocol and wire format, JetStream, keys, and batching of small requests."""
