"""Instances as the API shows them: read, with their approvals, and without what a caller may not see."""
