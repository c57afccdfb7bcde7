"""Delegations: who may decide in whose place. `delegating` is for those who judge decisions, `handlers` for callers."""
