"""Translates SQLSTATE codes to errors for callers. No other module interprets PostgreSQL's error codes."""

from __future__ import annotations

import asyncpg
import structlog

from libs.shared.errors import RocketError, detail_of, unavailable
from libs.shared.postgres.limits import LimitReached, limit_reached

log = structlog.get_logger()


class SchemaMoved(Exception):
    """The schema has changed since the statement was compiled. Reload it, recompile the statement and retry."""


class Deadlocked(RocketError):
    """PostgreSQL rolled this transaction back to resolve a deadlock. It left no effect and may be retried."""

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
"""Errors that mean that a lock was not granted within the time limit."""


def translate(error: Exception) -> Exception:
    """Return the RocketError or SchemaMoved for a database error, and any other error unchanged."""
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
    """Whether a failed statement certainly left no effect, so that it may be retried in parts.

    `error` may be PostgreSQL's error or its translation.
    """
    if isinstance(error, LimitReached):
        return True
    cause = error.__cause__ if isinstance(error, RocketError) else error
    return isinstance(cause, Exception) and not isinstance(cause, (*CONNECTION_LOST, TimeoutError))


def taken_values(error: UniqueViolation) -> tuple[list[str], str]:
    """The columns of a unique violation and their values in PostgreSQL's notation. Callers must not see the values."""
    named, _, said = (error.detail or "").removeprefix("Key (").partition(")=(")
    values, found, _ = said.rpartition(") already exists")
    return ([column.strip('" ') for column in named.split(",")], values) if found else ([], "")


def conflict(error: UniqueViolation) -> RocketError:
    """The 409 error that names the fields whose values are taken."""
    columns, _ = taken_values(error)
    named = ", ".join(columns) or "value"
    details = [detail_of(column, "is taken", "unique") for column in columns]
    return RocketError("CONFLICT", f"A record with this {named} exists already", details)
