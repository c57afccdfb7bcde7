"""From text to tree: the grammar, the typed tree, and the limits on both."""
