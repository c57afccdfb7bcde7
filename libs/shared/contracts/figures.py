"""Figures of an app for its overview: each service counts what it has."""

from __future__ import annotations

from dataclasses import dataclass, field

from libs.shared.contracts.messages import Request


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts by name; those in `estimated` are not exact, or at least as much."""

    counts: dict[str, int]
    estimated: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CountFigures(Request[Figures]):
    """What a service counts in the app of the context: records by entity, what has failed, what waits."""

    name, reply = "figures.count", Figures


@dataclass(frozen=True, slots=True)
class CountDeadLetters(Request[Figures]):
    """The number of dead letters of a service in the app of the context."""

    name, reply = "dead_letters.count", Figures
