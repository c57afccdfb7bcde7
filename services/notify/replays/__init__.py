"""Notifications compared with the commits that they tell of, and with whom was found for them then."""
