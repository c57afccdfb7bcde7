"""Parts of the embedded supervisor."""
