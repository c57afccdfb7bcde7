"""Channels: how a notification leaves Rocket. A type of channel is one module, and a line in `types`."""
