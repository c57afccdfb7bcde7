"""What goes into a step of the engine and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from libs.shared.contracts.signals import InstanceSignal


@dataclass(frozen=True, slots=True)
class Looked:
    """Nothing happened but that time has passed."""


@dataclass(frozen=True, slots=True)
class Done:
    """The action under way has had its effect."""


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The action under way could not be done for now; try again after `delay`."""

    delay: timedelta


@dataclass(frozen=True, slots=True)
class Failed:
    """The action under way can't be done, whatever we try."""

    reason: str


@dataclass(frozen=True, slots=True)
class Decided:
    """Somebody has approved or rejected; `by` is their user id, `email` and `roles` are theirs, too."""

    approved: bool
    by: str
    comment: str = ""
    email: str = ""
    roles: tuple[str, ...] = ()


StepOutcome = Looked | Done | RetryLater | Failed | Decided


@dataclass(frozen=True, slots=True)
class Emit:
    """A signal to be committed together with the new state."""

    kind: type[InstanceSignal]
    fields: Mapping[str, Any]
    """Its own fields. Those that all signals of an instance have are added as it is committed."""


@dataclass(frozen=True, slots=True)
class SetField:
    """To be asked of the data service once the new state is committed; the engine wants its outcome."""

    entity: str
    record_id: str
    field: str
    value: Any
    effect_key: str


Effect = Emit | SetField
