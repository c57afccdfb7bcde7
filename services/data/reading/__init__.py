"""Reading records: single ones, lists, and their past."""
