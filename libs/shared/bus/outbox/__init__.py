"""Publishing what a transaction wrote: the outbox, the log source, and the relay that publishes behind a fence."""
