"""What must survive kills, restarts and races."""
