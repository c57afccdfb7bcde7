"""The limits of PostgreSQL: which errors report them, and the messages that callers get."""

from __future__ import annotations

from enum import Enum

import asyncpg

from libs.shared.errors import ErrorCode, RocketError

MAX_INDEX_ENTRY_BYTES = 2704
"""Bytes of an index entry, after compression, its header of 8 bytes included."""
MAX_COLUMNS = 1600
"""Columns that a table can have in its lifetime, dropped ones included."""


TOO_LARGE = "the answer is too large"
"""The message of the error that the SQL function `data.too_large()` raises."""


class Limit(Enum):
    """The exceeded limit; its value is the message for callers, about a field or a record."""

    INDEX = (
        f"is too long: a unique or indexed value, or a key, has at most {MAX_INDEX_ENTRY_BYTES:,} bytes after"
        " compression"
    )
    ROW = "The record is too large: its short values take more than the 8,160 bytes of a row"
    COLUMNS = (
        f"too many fields: a table has at most {MAX_COLUMNS:,} columns in its life, those of left out fields included"
    )
    SEQUENCE = "has no number left for new records"
    SIZE = "A value, or all values together, are larger than the database can hold"
    ANSWER = "The answer would be too large: ask for fewer records (per_page), fewer fields, or includes of their own"
    DEPTH = "The request is nested too deeply for the database"


LimitExceeded = (asyncpg.ProgramLimitExceededError, asyncpg.SequenceGeneratorLimitExceededError)
"""PostgreSQL's errors that report a limit."""


class LimitReached(RocketError):
    """A 422 error if data exceeds what PostgreSQL can store, a 413 error if a response is too large.

    `owner` names the index or sequence that reported it, "" if none did.
    """

    def __init__(self, limit: Limit, owner: str = "") -> None:
        message = limit.value
        if limit in (Limit.INDEX, Limit.SEQUENCE):
            message = f"A value {message}" if limit is Limit.INDEX else f"The key {message}"
        code: ErrorCode = "PAYLOAD_TOO_LARGE" if limit is Limit.ANSWER else "VALIDATION_FAILED"
        super().__init__(code, message, [{"rule": "limit", "message": message}])
        self.limit = limit
        self.owner = owner

    @classmethod
    def of(cls, error: Exception) -> LimitReached:
        """The error for the limit that a PostgreSQL error reports."""
        message = str(error)
        match error:
            case asyncpg.SequenceGeneratorLimitExceededError():
                return cls(Limit.SEQUENCE, _quoted(message))
            case asyncpg.TooManyColumnsError():
                return cls(Limit.COLUMNS)
            case asyncpg.StatementTooComplexError():
                return cls(Limit.DEPTH)
        if message == TOO_LARGE:
            return cls(Limit.ANSWER)
        if message.startswith("index row"):
            return cls(Limit.INDEX, getattr(error, "constraint_name", None) or _quoted(message))
        return cls(Limit.ROW if message.startswith("row is too big") else Limit.SIZE)


def limit_reached(error: Exception) -> LimitReached | None:
    """The error for the limit that PostgreSQL or its driver reports; None for any other error."""
    if isinstance(error, LimitExceeded):
        return LimitReached.of(error)
    told = "number of query arguments" if isinstance(error, asyncpg.InterfaceError) else "invalid memory alloc request"
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalServerError) and told in str(error):
        return LimitReached(Limit.SIZE)
    return None


def _quoted(message: str) -> str:
    parts = message.split('"')
    return parts[1] if len(parts) > 2 else ""
