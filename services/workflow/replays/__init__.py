"""Instances compared with the commits that started them."""
