"""The business tables: statements executed or only listed, indexes built in the background, acyclic relations."""
