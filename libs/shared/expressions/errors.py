"""The two ways an expression fails: when it is saved, and when it runs.

Messages are shown to callers: they name kinds of values, never the values themselves, which the
reader of the message may not be allowed to see, and never anything of Python.
"""

from __future__ import annotations

from typing import NamedTuple


class Position(NamedTuple):
    """A position in the text; both numbers count from 1."""

    line: int
    column: int


START = Position(1, 1)


def position_at(text: str, offset: int) -> Position:
    """The line and column of the character at `offset` (from 0), or of the end of the text."""
    before = text[:offset]
    return Position(before.count("\n") + 1, offset - before.rfind("\n"))


class ExpressionError(Exception):
    """The text is no expression of the language; `position` is where the error begins.

    `reason` is the message without the position, `str(error)` the message with it.
    """

    def __init__(self, reason: str, position: Position) -> None:
        super().__init__(f"{reason} (line {position.line}, column {position.column})")
        self.reason = reason
        self.position = position


class EvaluationError(Exception):
    """A sound expression met values it has no meaning for, or ran into a limit."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
