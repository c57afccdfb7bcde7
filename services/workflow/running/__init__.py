"""What instances ask for, carried out: their tasks are claimed, done, and answered to the machine."""
