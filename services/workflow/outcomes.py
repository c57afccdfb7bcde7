"""The input and output of the engine: outcomes, signals, calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from libs.shared.contracts.signals import InstanceSignal


@dataclass(frozen=True, slots=True)
class Looked:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Done:
    """The call has had its effect."""


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The call failed temporarily; it is retried after `delay`."""

    delay: timedelta


@dataclass(frozen=True, slots=True)
class Failed:
    """The call failed permanently."""

    reason: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A user has approved or rejected; `by` is their id, `email` and `roles` are theirs."""

    approved: bool
    by: str
    comment: str = ""
    email: str = ""
    roles: tuple[str, ...] = ()


StepOutcome = Looked | Done | RetryLater | Failed | Decided


@dataclass(frozen=True, slots=True)
class PendingSignal:
    """A signal that is committed together with the new state."""

    signal_type: type[InstanceSignal]
    own_fields: Mapping[str, Any]
    """The fields that only this type has. The commit adds those that all signals of an instance share."""


@dataclass(frozen=True, slots=True)
class SetFieldCall:
    """A call of the data service, made once the new state is committed; the engine gets its outcome."""

    entity: str
    record_id: str
    field: str
    value: Any
    effect_key: str
