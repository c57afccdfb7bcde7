"""Deliveries compared with the commits that they tell of."""
