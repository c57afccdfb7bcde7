"""What attempts make of an endpoint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from libs.shared.contracts.signals import CircuitClosed, CircuitOpened, EndpointDisabled
from services.webhook.health import HEALTHY, CircuitLimits, Health, after, is_away, what_happened

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)
LIMITS = CircuitLimits(failures=3, open_seconds=30, disable_after=timedelta(days=5))


@dataclass(frozen=True)
class Answered:
    """An attempt's outcome."""

    status: int | None
    error: str | None = "failed"
    not_before: float | None = None


def after_all(*statuses: int | None, health: Health = HEALTHY, now: datetime = NOW) -> Health:
    for status in statuses:
        good = status is not None and 200 <= status < 300
        health = after(health, Answered(status, None if good else f"answered {status}"), now, LIMITS, True)
    return health


def test_a_circuit_opens_after_failures_in_a_row() -> None:
    assert after_all(500, None).circuit == "closed"
    opened = after_all(500, None, 503)
    assert (opened.circuit, opened.hold_until) == ("open", NOW + timedelta(seconds=30))
    assert is_away(opened, NOW)
    assert not is_away(opened, NOW + timedelta(seconds=30))
    assert after_all(500, None, 200, 500, None).circuit == "closed"


def test_failed_probes_double_the_open_time() -> None:
    health, waits = after_all(500, 500, 500), []
    for _ in range(7):
        assert health.hold_until is not None
        waits.append((health.hold_until - NOW).total_seconds())
        health = after_all(500, health=replace(health, circuit="half_open"))
    assert waits == [30, 60, 120, 240, 480, 900, 900]


def test_a_success_closes_the_circuit() -> None:
    assert after_all(200, health=replace(after_all(500, 500, 500), circuit="half_open")) == HEALTHY


@pytest.mark.parametrize(("status", "counts"), [(404, False), (401, False), (302, False), (429, True), (408, True)])
def test_client_errors_do_not_open_the_circuit(status: int, counts: bool) -> None:
    health = after_all(status, status, status)
    assert (health.circuit == "open") is counts
    assert health.failing_since == NOW


@pytest.mark.parametrize(("status", "holds"), [(429, True), (503, True), (500, False), (404, False)])
def test_retry_after_holds_the_whole_endpoint(status: int, holds: bool) -> None:
    health = after(HEALTHY, Answered(status, not_before=60), NOW, LIMITS, True)
    assert health.circuit == "closed"
    assert health.hold_until == (NOW + timedelta(seconds=60) if holds else None)


def test_a_gone_endpoint_is_disabled_and_stays_so() -> None:
    gone = after_all(410)
    assert (gone.circuit, gone.last_error) == ("disabled", "answered 410")
    assert after_all(200, 500, health=gone) == gone
    assert is_away(gone, NOW + timedelta(days=900))


def test_days_without_a_success_disable() -> None:
    failing = after_all(404)
    assert after_all(404, health=failing, now=NOW + timedelta(days=4.9)).circuit == "closed"
    assert after_all(404, health=failing, now=NOW + timedelta(days=5)).circuit == "disabled"
    never = CircuitLimits(3, 30, None)
    assert after(failing, Answered(404), NOW + timedelta(days=99), never, True).circuit == "closed"


def test_action_endpoints_are_never_disabled() -> None:
    assert after(HEALTHY, Answered(410), NOW, LIMITS, can_disable=False).circuit == "closed"


def test_changes_are_reported_once() -> None:
    opened = after_all(500, 500, 500)
    trying = replace(opened, circuit="half_open")
    assert what_happened(HEALTHY, opened) is CircuitOpened
    assert what_happened(trying, after_all(500, health=trying)) is None
    assert what_happened(trying, HEALTHY) is CircuitClosed
    assert what_happened(HEALTHY, after_all(500)) is None
    assert what_happened(opened, after_all(410, health=opened)) is EndpointDisabled
