"""The write requests that the handlers call: each is a sequence of prepare, decide, commit."""
