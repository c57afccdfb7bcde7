"""Routes: what one is, which of them ignore unknown parameters, and how a path finds its own."""
