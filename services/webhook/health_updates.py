"""Updates the health of endpoints by the outcomes of attempts, with signals; a few statements for many outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from libs.shared import clock
from libs.shared.contracts.signals import EndpointSignal, Signal
from libs.shared.postgres.databases import Connection
from libs.shared.telemetry import tracing
from services.webhook import endpoint_store
from services.webhook.deliveries import public_url
from services.webhook.health import DISABLED, HEALTHY, OPEN, CircuitLimits, Health, after, what_happened
from services.webhook.sending import AttemptOutcome

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class HealthEvent:
    """An outcome that affects an endpoint's health. An endpoint that no user can enable is never disabled."""

    endpoint: str
    url: str
    trace_id: str
    outcome: AttemptOutcome
    can_disable: bool = True


@dataclass(frozen=True, slots=True)
class HealthChanges:
    """The result of many outcomes: signals to emit, and when the first held endpoint may be sent to again."""

    signals: Sequence[Signal] = ()
    hold_until: datetime | None = None


async def update_health(
    transaction: Connection, health_events: Sequence[HealthEvent], limits: CircuitLimits
) -> HealthChanges:
    """Update the health of endpoints by outcomes, in order. The caller emits the signals."""
    now = clock.now()
    stored = await endpoint_store.lock_health(transaction, {health_event.endpoint for health_event in health_events})
    latest, signals = dict(stored), list[EndpointSignal]()
    for health_event in health_events:
        url, before = latest.get(health_event.endpoint, (health_event.url, HEALTHY))
        if url != health_event.url:
            before = HEALTHY  # the health of another URL says nothing about this one
        health = after(before, health_event.outcome, now, limits, health_event.can_disable)
        if health != before:
            latest[health_event.endpoint] = health_event.url, health
            signals += _signals_of(health_event, before, health)
    changed = {endpoint: known for endpoint, known in latest.items() if stored.get(endpoint) != known}
    await endpoint_store.save_health(transaction, changed)
    for endpoint, (_, health) in changed.items():
        if health.circuit == DISABLED:
            await endpoint_store.abandon(transaction, endpoint, f"the endpoint is disabled: {health.last_error}")
    holds = [health.hold_until for _, health in changed.values() if health.hold_until]
    return HealthChanges(signals, min(holds, default=None))


def _signals_of(health_event: HealthEvent, before: Health, health: Health) -> list[EndpointSignal]:
    """The signal about a change of the circuit, if it has changed; it is logged and traced, too."""
    what = what_happened(before, health)
    if what is None:
        return []
    if health.circuit == OPEN:
        with tracing.span("webhook", "dispatcher", "webhook.circuit_open") as span:
            span.metadata = {"endpoint": health_event.endpoint, "failures": health.failures}
    log.warning(f"webhook.{what.name}", endpoint=health_event.endpoint, error=health.last_error)
    return [circuit_signal(what, health_event.trace_id, health_event.endpoint, health_event.url, health)]


def circuit_signal(
    kind: type[EndpointSignal], trace_id: str, endpoint: str, url: str, health: Health
) -> EndpointSignal:
    """The signal of this kind about an endpoint's circuit."""
    return kind(
        trace_id=trace_id,
        endpoint=endpoint,
        url=public_url(url),
        circuit=health.circuit,
        failures=health.failures,
        failing_since=clock.iso(health.failing_since) if health.failing_since else None,
        error=health.last_error,
    )
