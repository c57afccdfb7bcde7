"""The schema of each app as a process knows it: the present snapshot, what is compiled of it, and older versions."""
