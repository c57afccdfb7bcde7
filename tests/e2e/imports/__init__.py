"""Files of rows as jobs."""
