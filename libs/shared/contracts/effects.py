"""Effects of workflows on records: what the data service does with a definition's authority, once per effect key.

No permission is asked about. `SetFields` and `AddRecord` bypass rules and state machines; computed fields, defaults,
slugs, totals and constraints hold. `MoveState` and `RemoveRecord` are held to rules as well: a workflow can't do what
nobody may do, but it can do what only some may do. Values are JSON; `now` names the fields that take the current time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from libs.shared.contracts.messages import Request


@dataclass(frozen=True, slots=True)
class Effected:
    """The outcome of an effect; the same for each repetition.

    `record` is the record as the effect has left it (of a deletion: as it was), None if there is none.
    `commit_position` is 0 where nothing was changed; `repeated` says that the effect was committed before.
    """

    values_in_head: ClassVar[bool] = True

    commit_position: int
    repeated: bool = False
    record_id: str = ""
    record: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SetFields(Request[Effected]):
    """Set fields of a record: `set_field` and `update_record`. A record that is gone is no error: `record` is None."""

    service, name, reply = "data", "effects.set_fields", Effected
    by_services = True
    values_in_head: ClassVar[bool] = True
    entity: str
    record_id: str
    values: dict[str, Any]
    effect_key: str
    now: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AddRecord(Request[Effected]):
    """A new record: `create_record`."""

    service, name, reply = "data", "effects.create", Effected
    by_services = True
    values_in_head: ClassVar[bool] = True
    entity: str
    values: dict[str, Any]
    effect_key: str
    now: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RemoveRecord(Request[Effected]):
    """Delete a record, with what its relations say: `delete_record`. One that was deleted before is no error."""

    service, name, reply = "data", "effects.delete", Effected
    by_services = True
    entity: str
    record_id: str
    effect_key: str


@dataclass(frozen=True, slots=True)
class MoveState(Request[Effected]):
    """Take a transition of a state machine: `transition`. Its guard and actions run; roles are not asked about.

    `field` may be "" where the entity has one machine, or one that knows the state. Raises VALIDATION_FAILED where
    there is no such transition, its guard is false, or a rule is violated; NOT_FOUND.
    """

    service, name, reply = "data", "effects.transition", Effected
    by_services = True
    entity: str
    record_id: str
    to: str
    effect_key: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class FetchedRecords:
    """Records in the order of the request: None for those that are not there, or in the trash."""

    values_in_head: ClassVar[bool] = True

    records: list[dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class FetchRecords(Request[FetchedRecords]):
    """Records as they are now (pairs of entity and record id, at most 1,000), for expressions of workflows.

    `fields` are those that are needed, by entity; an entity without an entry comes whole.
    """

    service, name, reply = "data", "records.fetch", FetchedRecords
    by_services = True
    records: list[tuple[str, str]]
    fields: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A page of records, and the cursor of the next one; "" at the end."""

    values_in_head: ClassVar[bool] = True

    records: list[dict[str, Any]]
    ids: list[str]
    after: str


@dataclass(frozen=True, slots=True)
class PageRecords(Request[RecordPage]):
    """The records that match `filters` (`{"field.op": value}`), in the order of their keys, `after` a cursor or "".

    For the schedules of workflows: no permission is asked about. Raises UNKNOWN_ENTITY, UNKNOWN_FIELD.
    """

    service, name, reply = "data", "records.page", RecordPage
    by_services = True
    values_in_head: ClassVar[bool] = True
    entity: str
    filters: dict[str, Any]
    after: str = ""
    limit: int = 100
