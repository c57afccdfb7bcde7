"""Other versions of a definition: what past instances would have done under one, and moving running ones to one."""
