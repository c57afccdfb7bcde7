"""What services promise each other, and what the gateway promises everybody."""
