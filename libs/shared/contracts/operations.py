"""What every service answers about itself, whatever it is for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from libs.shared.contracts.messages import Announcement, Answer, Ask

SERVICES = ("gateway", "metadata", "data", "workflow", "webhook", "notify", "events")
"""Every service of Rocket."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a service can do its work: `checks` names each dependency and "ok" or what is wrong."""

    ready: bool
    checks: dict[str, str] = field(default_factory=dict)
    lag: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListDeadLetters(Ask[Answer]):
    """Parked messages of the app in the context, newest first."""

    name = "dead_letters.list"


@dataclass(frozen=True, slots=True)
class ReplayDeadLetter(Ask[Answer]):
    """One more try for a parked message, and for those of the same record behind it."""

    name = "dead_letters.replay"
    id: str


@dataclass(frozen=True, slots=True)
class CheckReadiness(Ask[Readiness]):
    """How a service is."""

    name, reply = "ready", Readiness


def of(service_name: str, ask: type[Ask[Any]]) -> type[Ask[Any]]:
    """The variant of a common ask that `service_name` answers; the same class for the same service."""
    key = (service_name, ask)
    if key not in _VARIANTS:
        _VARIANTS[key] = type(f"{ask.__name__}_{service_name}", (ask,), {"service": service_name, "__slots__": ()})
    return _VARIANTS[key]


_VARIANTS: dict[tuple[str, type[Ask[Any]]], type[Ask[Any]]] = {}


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
