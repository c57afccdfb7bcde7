"""May this caller do this to which records, and to which of their fields?"""

from services.data.permissions.grants import EVERYTHING, Grant, grant_for, granted, person_of, profile_for

__all__ = ["EVERYTHING", "Grant", "grant_for", "granted", "person_of", "profile_for"]
