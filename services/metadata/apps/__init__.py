"""The life of an app: the form of a new one, its database, and the end of both."""
