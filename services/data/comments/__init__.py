"""Comments as records of the built-in entity: who is mentioned in them, and what answers show of them."""
