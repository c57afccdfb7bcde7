"""What a write carries with it: the request and its model, the drafts of its records."""
