"""The life of an app: its creation, its database, and the end of both."""
