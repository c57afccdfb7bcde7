"""Values that database errors quote are kept out of logs and reasons."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout

import asyncpg
import structlog

from libs.shared.bus.standstills import reason_of
from libs.shared.quotes import unquoted
from libs.shared.runtime import logging

SECRET = "4111-1111"
TAKEN = f"duplicate key value\nDETAIL:  Key (card)=({SECRET}\nmore {SECRET}) already exists.\nHINT:  Take another one."


def test_values_are_removed_from_database_errors() -> None:
    assert unquoted(TAKEN) == "duplicate key value\nHINT:  Take another one."
    assert unquoted(f"null value\nDETAIL:  Failing row contains ({SECRET}).") == "null value"
    argument = f"invalid input for query argument $1: '{SECRET}' (an integer is required)"
    assert unquoted(argument) == "invalid input for query argument $1: ***"
    syntax = f'invalid input syntax for type integer: "{SECRET}\n{SECRET}"'
    assert unquoted(syntax) == 'invalid input syntax for type integer: "***"'
    assert unquoted("connection lost") == "connection lost"


def test_chained_errors_quote_no_values() -> None:
    error = asyncpg.UniqueViolationError("duplicate key value")
    error.detail = f"Key (card)=({SECRET}) already exists."
    assert SECRET in str(error)
    assert reason_of(error) == "UniqueViolationError: duplicate key value"
    written = io.StringIO()
    try:
        with redirect_stdout(written):
            logging.configure("test", "json", "info")
            try:
                try:
                    raise error
                except asyncpg.UniqueViolationError as cause:
                    raise ValueError("next") from cause
            except ValueError as problem:
                structlog.get_logger().error("ask.failed", error=str(error), exc_info=problem, other=[str(error)])
    finally:
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
    event = json.loads(written.getvalue())
    assert SECRET not in written.getvalue()
    assert event["error"] == "duplicate key value" and "ValueError: next" in event["exception"]
