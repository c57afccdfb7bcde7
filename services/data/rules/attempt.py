"""The write that rules decide about, and their decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from libs.shared.contracts.context import Identity
from libs.shared.expressions import EvaluationError
from services.data.rules.forms import Record


@dataclass(frozen=True, slots=True)
class Load:
    """Related records that a rule reads as `related.<name>`: `filters` is `{"field.op": value}`."""

    relation: str
    name: str
    key: str
    filters: Mapping[str, Any] = field(compare=False, repr=False)


def everything(name: str) -> bool:
    """Says that the caller may see every field."""
    return True


@dataclass(frozen=True, slots=True)
class AttemptedWrite:
    """What a caller is about to do to one record.

    `values` are parsed column values: on create of the whole record, with defaults; on update of what is set; none on
    delete. `sent` names the fields that the caller gave. `old` is the stored record as the API returns it, needed
    where `EntityRules.needs_stored` says so. `related` holds the records that `EntityRules.related_loads` ask for,
    `unloadable` the loads that can't be made, with the reason.
    """

    action: Literal["create", "update", "delete"]
    values: Mapping[str, Any]
    sent: frozenset[str]
    caller: Identity
    now: datetime
    old: Record | None = None
    related: Mapping[Load, Sequence[Record]] = field(default_factory=dict)
    unloadable: Mapping[Load, str] = field(default_factory=dict)
    sees: Callable[[str], bool] = everything
    """Whether the caller may read a field of the stored record, so that messages may contain its value."""
    asks_roles: bool = True
    """Whether a transition must be one for the caller's roles; workflows take those of others as well."""

    def environment(self, record: Record) -> dict[str, Any]:
        """What expressions and templates can read, without related records."""
        return {
            "record": record,
            "old": self.old,
            "action": self.action,
            "user": {"id": self.caller.id, "email": self.caller.email, "roles": list(self.caller.roles)},
            "related": {},
            "now": self.now,
        }

    def with_related(self, environment: Mapping[str, Any], loads: Sequence[Load]) -> Mapping[str, Any]:
        """The environment of a rule that declared these loads. Raises EvaluationError where one can't be made.

        Without the records a rule could allow what it must refuse.
        """
        if not loads:
            return environment
        for load in loads:
            if load in self.unloadable:
                raise EvaluationError(self.unloadable[load])
        return {**environment, "related": {load.name: list(self.related.get(load, ())) for load in loads}}


@dataclass(frozen=True, slots=True)
class Decision:
    """The parsed values to store, and the effects to keep in the log.

    An effect is a JSON document (decimals as Decimal) with nothing left to look up: what its action says
    (`type` and so on), and as `transition` the `machine` (its id), `field`, `from` and `to`.
    """

    values: dict[str, Any]
    effects: list[dict[str, Any]]
