"""Changes that a write brings about in the same commit: cascades of deletion, totals, actions of transitions."""
