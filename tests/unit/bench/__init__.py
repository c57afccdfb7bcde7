"""The benchmark's own parts: figures must mean what they say."""
