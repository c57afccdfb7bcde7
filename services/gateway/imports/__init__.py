"""Files of rows: finds out what they are, reads them row by row in bounded memory, and works on import jobs."""
