"""The one error an operator of the embedded stack sees."""


class CannotStart(Exception):
    """Starting is refused or has failed; the message is one line that says what to do about it."""
