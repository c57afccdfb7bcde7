"""From a URL's query to one SQL statement."""
