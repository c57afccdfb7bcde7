"""Logging: constant event names, ids as fields, context bound once; secrets never get this far."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from libs.shared.contracts.context import NO_TRACE
from libs.shared.quotes import unquoted
from libs.shared.telemetry import tracing


def configure(service: str, form: str, level: str) -> None:
    """Set structlog up for this process: `form` is console or json."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _add_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_quotes,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level=logging.WARNING, stream=sys.stdout, format="%(levelname)s %(name)s %(message)s")


def _add_trace(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    active = tracing.current()
    if active and active.trace_id != NO_TRACE:
        event.setdefault("trace_id", active.trace_id)
    return event


def _without_quotes(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Errors of the database quote values of records; a log shows none."""
    return {name: _plain(value) for name, value in event.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return unquoted(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
