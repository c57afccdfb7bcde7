"""The health of an endpoint: its circuit, and how an attempt changes it. Pure: time is a parameter.

closed     deliveries are sent
open       after too many failures in a row, nothing is sent for some time
half_open  the time is over, and one delivery tests the endpoint
disabled   after 410, or days without a success, nothing is sent until a user enables it
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from libs.shared.contracts.signals import CircuitClosed, CircuitOpened, EndpointDisabled, EndpointSignal

CLOSED, OPEN, HALF_OPEN, DISABLED = "closed", "open", "half_open", "disabled"
MAX_OPEN_S = 900.0
"""Longest time that a circuit stays open, in seconds."""
GONE_STATUS = 410
BUSY_STATUSES = frozenset({408, 425, 429})
"""Statuses below 500 that count as failures of the endpoint, not of the request."""
RETRY_AFTER_STATUSES = frozenset({429, 503})
"""Statuses whose Retry-After holds for the whole endpoint."""
SIGNALS: dict[str, type[EndpointSignal]] = {CLOSED: CircuitClosed, OPEN: CircuitOpened, DISABLED: EndpointDisabled}
"""The signal that each state of a circuit emits."""


class Attempted(Protocol):
    """The outcome of an attempt: `status` None means that there was no response."""

    @property
    def status(self) -> int | None: ...
    @property
    def error(self) -> str | None: ...
    @property
    def not_before(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class CircuitLimits:
    """When a circuit opens, for how many seconds at first, and when an endpoint is disabled."""

    failures: int
    open_seconds: float
    disable_after: timedelta | None

    @classmethod
    def of(cls, failures: int, open_seconds: float, days: float) -> CircuitLimits:
        """From settings; 0 `days`: never disabled."""
        return cls(failures, open_seconds, timedelta(days=days) if days else None)


@dataclass(frozen=True, slots=True)
class Health:
    """The recorded health of an endpoint; `failures` and `openings` count consecutive ones."""

    circuit: str = CLOSED
    failures: int = 0
    openings: int = 0
    failing_since: datetime | None = None
    hold_until: datetime | None = None
    last_error: str | None = None


HEALTHY = Health()


def is_ailing(status: int | None) -> bool:
    """Whether a status (None: no response) is a failure of the endpoint, not of the request."""
    return status is None or status >= 500 or status in BUSY_STATUSES


def is_away(health: Health, now: datetime) -> bool:
    """Whether nothing may be sent to the endpoint now."""
    return health.circuit == DISABLED or (health.hold_until is not None and health.hold_until > now)


def after(health: Health, attempted: Attempted, now: datetime, limits: CircuitLimits, can_disable: bool) -> Health:
    """The health of an endpoint after an attempt. A disabled endpoint stays disabled.

    `can_disable` is false for endpoints of actions, which no user can enable again.
    """
    if health.circuit == DISABLED:
        return health
    if attempted.error is None:
        return HEALTHY
    failing = replace(health, failing_since=health.failing_since or now, last_error=attempted.error)
    if can_disable and _is_hopeless(failing, attempted, now, limits):
        return replace(failing, circuit=DISABLED, hold_until=None)
    if not is_ailing(attempted.status):
        # The endpoint works and refuses this request.
        return replace(failing, circuit=CLOSED, failures=0, openings=0, hold_until=None)
    return _with_failure(failing, attempted, now, limits)


def _is_hopeless(health: Health, attempted: Attempted, now: datetime, limits: CircuitLimits) -> bool:
    if attempted.status == GONE_STATUS:
        return True
    since, days = health.failing_since, limits.disable_after
    return since is not None and days is not None and now - since >= days


def _with_failure(health: Health, attempted: Attempted, now: datetime, limits: CircuitLimits) -> Health:
    failures = health.failures + 1
    if health.circuit == CLOSED and failures < limits.failures:
        holds = attempted.status in RETRY_AFTER_STATUSES and attempted.not_before
        until = now + timedelta(seconds=attempted.not_before or 0) if holds else None
        return replace(health, failures=failures, hold_until=until)
    openings = health.openings + 1
    seconds = min(MAX_OPEN_S, limits.open_seconds * 2.0 ** min(openings - 1, 20))
    seconds = max(seconds, attempted.not_before or 0.0)
    return Health(OPEN, failures, openings, health.failing_since, now + timedelta(seconds=seconds), health.last_error)


def what_happened(before: Health, now: Health) -> type[EndpointSignal] | None:
    """The signal about a change of the circuit, if it has changed."""
    if now.circuit == before.circuit or (before.circuit == HALF_OPEN and now.circuit == OPEN):
        return None
    return SIGNALS.get(now.circuit)
