"""What every service answers about itself, whatever it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from libs.shared.contracts.bodies import RequestBody
from libs.shared.contracts.messages import Announcement, Request, Response

SERVICES = ("gateway", "metadata", "data", "workflow", "webhook", "notify", "events")
"""Every service of Rocket."""

WITH_CONSUMERS = ("workflow", "webhook", "notify", "events")
"""Services that live off streams, and so can have dead letters."""
WITH_OUTBOX = ("gateway", "metadata", "workflow", "webhook", "events")
"""Services that tell of what they do, in signals."""
PROJECTIONS: Mapping[str, str] = {
    "log": "data", "records": "data", "audit": "events", "activity": "events", "workflow": "workflow",
    "webhook": "webhook", "notify": "notify",
}  # fmt: skip
"""Projection → the service that keeps it. `log` is the commit log itself; all others are made of it."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a service can do its work: `checks` names each dependency and "ok" or what is wrong.

    `lag` counts what is not done yet; `position` is the sequence up to which a consumer has handled its stream.
    `degraded` is what makes no progress in one app (app, service, what, since, reason), which takes no replica
    out of traffic.
    """

    ready: bool
    checks: dict[str, str] = field(default_factory=dict)
    lag: dict[str, int] = field(default_factory=dict)
    position: dict[str, int] = field(default_factory=dict)
    degraded: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ListDeadLetters(Request[Response]):
    """Parked messages of the app in the context, newest first."""

    name = "dead_letters.list"


@dataclass(frozen=True, slots=True)
class ReplayDeadLetter(Request[Response]):
    """One more try for a parked message, and for those of the same record behind it."""

    name = "dead_letters.replay"
    id: str


@dataclass(frozen=True, slots=True)
class DiscardDeadLetter(Request[Response]):
    """A parked message is given up: it will have no effect here, and those behind it go on without it."""

    name = "dead_letters.discard"
    id: str


@dataclass(frozen=True, slots=True)
class ReadSignals(Request[Response]):
    """A stretch of a service's signals of the app in the context, as they would be published: at most `most` of them.

    They are behind `position`, and not beyond `until` (None: no such end), nor beyond what is settled. Behind 0 there
    are only those that are not older than what consumers remember to have handled. The body is
    libs/shared/bus/outbox/log_batches.py's.
    """

    name = "signals.read"
    by_services = True
    position: int
    until: int | None
    most: int


@dataclass(frozen=True, slots=True)
class ListProjections(Request[Response]):
    """What a service has made of the log of the app in the context, and how far it is."""

    name = "projections.list"


@dataclass(frozen=True, slots=True)
class StartReplay(Request[Response]):
    """Verify or rebuild a projection, behind the scenes; `only` narrows it to one entity or join table."""

    name = "projections.replay"
    projection: str
    kind: str
    only: str = ""


class ReplayBody(RequestBody):
    """What a verification or rebuild is narrowed to: an entity or a join table; without it all are."""

    may_be_absent: ClassVar[bool] = True

    only: str | None = None


@dataclass(frozen=True, slots=True)
class GetReplay(Request[Response]):
    """How a verification or rebuild is going, or went."""

    name = "projections.get_replay"
    id: str


@dataclass(frozen=True, slots=True)
class CheckReadiness(Request[Readiness]):
    """How a service is."""

    name, reply = "ready", Readiness
    by_services = True


def of(service_name: str, ask: type[Request[Any]]) -> type[Request[Any]]:
    """The variant of a common ask that `service_name` answers; the same class for the same service."""
    key = (service_name, ask)
    if key not in _VARIANTS:
        _VARIANTS[key] = type(f"{ask.__name__}_{service_name}", (ask,), {"service": service_name, "__slots__": ()})
    return _VARIANTS[key]


_VARIANTS: dict[tuple[str, type[Request[Any]]], type[Request[Any]]] = {}


@dataclass(frozen=True, slots=True)
class RelayHint(Announcement):
    """Something was committed to an app's log: its relay need not wait for the next sweep."""

    app_id: str


_HINTS: dict[str, type[RelayHint]] = {}


def relay_hint(service_name: str) -> type[RelayHint]:
    """The hint for the relays of one service."""
    if service_name not in _HINTS:
        _HINTS[service_name] = type(
            f"RelayHint_{service_name}", (RelayHint,), {"name": f"relay.{service_name}", "__slots__": ()}
        )
    return _HINTS[service_name]
