"""What people decide about instances: approvals, seats, cancelling, retrying."""
