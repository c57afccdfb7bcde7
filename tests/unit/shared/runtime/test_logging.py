"""Log lines are found by the trace of the request that they are about."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from libs.shared.contracts.context import AppRef, Context, system_context
from libs.shared.runtime import logging
from libs.shared.telemetry import tracing

TRACE = "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"
APP = AppRef("i", "demo", "d")


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    logging.configure("data", "json", "info")
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_about_a_request_has_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    # As loggers are made: when a module is imported, before anything is configured.
    log = structlog.get_logger()
    with tracing.remote(Context(TRACE, app=APP)), tracing.span("http", "handler", "request.end"):
        log.warning("rpc.response_lost", request="records.create")
    log.info("service.ready")
    with tracing.remote(system_context(5, APP)):
        log.info("timers.looked")
    about, ready, timers = lines(capsys)
    assert (about["trace_id"], about["service"], about["event"], about["level"]) == (
        TRACE, "data", "rpc.response_lost", "warning",
    )  # fmt: skip
    assert "trace_id" not in ready and "trace_id" not in timers
