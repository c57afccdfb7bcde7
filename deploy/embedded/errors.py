"""The one error that an operator of the embedded stack sees."""


class CannotStart(Exception):
    """Starting was refused or failed; the message is one line that says what to do about it."""
