"""What requests have led to: what the services that own commits, instances, deliveries and notifications say of it.

The events service asks them in turn and joins the answers to a graph. A row is a JSON object; its keys are listed at
the class that answers it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from libs.shared.contracts.messages import Request, Response

MAX_FOUND = 2_000
"""Rows of one answer."""
Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GetCausality(Request[Response]):
    """The graph of everything that the requests of a trace have led to."""

    service, name = "events", "events.causality"
    trace_id: str


@dataclass(frozen=True, slots=True)
class FoundEffects:
    """The rows that were found; `is_cut` says that there are more."""

    rows: list[Found] = field(default_factory=list)
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class FindCommits(Request[FoundEffects]):
    """The commits of traces and of effect keys: `position, commit_id, at, trace_id, effect_key, cause, by, action,
    entity, record_id, records`; entity and record are those of the commit's first record."""

    service, name, reply = "data", "causality.commits", FoundEffects
    by_services = True
    traces: list[str]
    effect_keys: list[str]


@dataclass(frozen=True, slots=True)
class FindInstances(Request[FoundEffects]):
    """The instances that were started in traces, decided in them, or have these ids: `id, workflow, status, commit_key,
    trace_id, parent_id, parent_key, entity, record_id, at, steps, effect_keys`; a step is `{visit, step, status, at,
    trace_id}`, the trace being that of the last decision about it."""

    service, name, reply = "workflow", "causality.instances", FoundEffects
    by_services = True
    traces: list[str]
    ids: list[str]


@dataclass(frozen=True, slots=True)
class FindDeliveries(Request[FoundEffects]):
    """The deliveries of traces: `id, commit_key, trace_id, status, hook, url, entity, record_id, at`."""

    service, name, reply = "webhook", "causality.deliveries", FoundEffects
    by_services = True
    traces: list[str]


@dataclass(frozen=True, slots=True)
class FindNotifications(Request[FoundEffects]):
    """The notifications of traces: `id, channel, rule, trace_id, status, position, n, instance_id, step, entity,
    record_id, at`."""

    service, name, reply = "notify", "causality.notifications", FoundEffects
    by_services = True
    traces: list[str]
