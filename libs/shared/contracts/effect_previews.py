"""What commits would set off: a service evaluates its definitions for commits that were rolled back."""

from __future__ import annotations

from dataclasses import dataclass, field

from libs.shared.contracts.messages import Request


@dataclass(frozen=True, slots=True)
class EffectCounts:
    """How many workflows would start, deliveries would be sent, notifications made: by their names."""

    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PreviewEffects(Request[EffectCounts]):
    """What the commits in `body`, a JSON list of CommitEvent, would set off by the definitions of today."""

    name, reply = "effects.preview", EffectCounts
    body: bytes = b""
