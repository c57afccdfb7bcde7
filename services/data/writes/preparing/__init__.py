"""Makes row changes from what was sent: parses values, checks permissions and references, fills in files and slugs."""
