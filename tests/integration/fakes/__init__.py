"""Services that do just enough to be supervised, for test_embedded.py."""
