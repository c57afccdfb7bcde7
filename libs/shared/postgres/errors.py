"""SQLSTATE → what a caller may know. The only place that interprets PostgreSQL's error codes."""

from __future__ import annotations

import asyncpg
import structlog

from libs.shared.errors import RocketError, detail_of, unavailable
from libs.shared.postgres.limits import LimitReached, limit_reached

log = structlog.get_logger()


class SchemaMoved(Exception):
    """A statement met another schema than it was compiled for: reload, compile anew, try again."""


class Deadlocked(RocketError):
    """Two transactions waited for each other, and this one had to give way: nothing of it is left, nothing is wrong."""

    def __init__(self) -> None:
        super().__init__("CONFLICT", IN_USE)


IN_USE = "The record is being changed by somebody else, try again"
CONNECTION_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
UniqueViolation = asyncpg.UniqueViolationError
TableExists = asyncpg.DuplicateTableError
LockTaken = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
"""Somebody else works with what is to be locked, for longer than we want to wait."""


def translate(error: Exception) -> Exception:
    """The RocketError or SchemaMoved that `error` means; `error` itself when it is no database matter."""
    return limit_reached(error) or _translated(error)


def _translated(error: Exception) -> Exception:
    match error:
        case RocketError() | SchemaMoved():
            return error
        case asyncpg.InvalidCatalogNameError():
            return RocketError("APP_NOT_FOUND", "App not found")
        case asyncpg.UniqueViolationError():
            return conflict(error)
        case asyncpg.UndefinedTableError() | asyncpg.UndefinedColumnError() | asyncpg.InvalidCachedStatementError():
            return SchemaMoved(str(error))
        case asyncpg.DeadlockDetectedError():
            return Deadlocked()
        case asyncpg.LockNotAvailableError() | asyncpg.SerializationError():
            return RocketError("CONFLICT", IN_USE)
        case asyncpg.QueryCanceledError() | TimeoutError():
            return RocketError("TIMEOUT", "The request took too long")
        case asyncpg.DataError() | asyncpg.IntegrityConstraintViolationError():
            return RocketError("VALIDATION_FAILED", "A value can't be stored")
        case _ if isinstance(error, (*CONNECTION_LOST, asyncpg.InsufficientResourcesError)):
            log.warning("postgres.unavailable", error=type(error).__name__)
            return unavailable("database")
    return error


def is_undone(error: BaseException) -> bool:
    """Whether a failed statement has surely left nothing behind, so that it may be tried again in parts.

    `error` may be PostgreSQL's own or what it was translated to.
    """
    if isinstance(error, LimitReached):
        return True
    cause = error.__cause__ if isinstance(error, RocketError) else error
    return isinstance(cause, Exception) and not isinstance(cause, (*CONNECTION_LOST, TimeoutError))


def taken_values(error: UniqueViolation) -> tuple[list[str], str]:
    """The columns of a unique violation, and their values as PostgreSQL writes them; not for callers' eyes."""
    named, _, said = (error.detail or "").removeprefix("Key (").partition(")=(")
    values, found, _ = said.rpartition(") already exists")
    return ([column.strip('" ') for column in named.split(",")], values) if found else ([], "")


def conflict(error: UniqueViolation) -> RocketError:
    """409 naming the fields whose values are taken."""
    columns, _ = taken_values(error)
    named = ", ".join(columns) or "value"
    details = [detail_of(column, "is taken", "unique") for column in columns]
    return RocketError("CONFLICT", f"A record with this {named} exists already", details)
