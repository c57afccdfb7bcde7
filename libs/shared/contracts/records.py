"""Records: what the data service answers. `query` is the URL's query as pairs, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from dataclasses import field as dataclass_field
from typing import Literal, Self

from pydantic import Field, model_validator

from libs.shared.contracts.bodies import RequestBody, Text, refusal
from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.parameters import PAGES, Parameters, taking

Pairs = list[tuple[str, str]]
MAX_EXPLAINED = 100
"""Records of one question about access."""
MAX_QUERY_CHARACTERS = 8_000
"""Characters of a list's query."""
BULK_TIMEOUT_S = 60.0
"""Seconds that a bulk write may take."""
MOMENTS = ("as_of", "min_commit")
CHOICE = ("q", "deleted", *MOMENTS)
"""Which records, besides filters."""
SHOWN = ("fields", "include")
LIST = frozenset((*CHOICE, *SHOWN, *PAGES, "sort", "count", "cursor"))
FIGURES = ("count", "sum", "avg", "min", "max")
DRY_RUN = taking("dry_run", of_records=True)
CHOSEN = taking("dry_run", "expect", "q", filters=True, of_records=True)
"""Writes of the records in the body, or of all that filters choose."""
CHOSEN_IN_TRASH = taking("dry_run", "expect", "q", "deleted", filters=True, of_records=True)
UPSERT = taking("dry_run", "on_conflict", "key", of_records=True)
UPSERT_OR_CHOSEN = taking("dry_run", "expect", "q", "on_conflict", "key", filters=True, of_records=True)


@dataclass(frozen=True, slots=True)
class ListRecords(Request[Response]):
    """One page of records: filters, sort, page, per_page in `query`."""

    service, name = "data", "records.list"
    parameters = Parameters(LIST | {"direction", "truncate"}, filters=True, core=True, of_records=True)
    entity: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AggregateRecords(Request[Response]):
    """Figures about records, in groups: count, sum, avg, min, max, group_by, having and filters in `query`."""

    service, name = "data", "records.aggregate"
    parameters = taking(*CHOICE, *PAGES, *FIGURES, "group_by", "sort", filters=True, having=True, of_records=True)
    entity: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Exported:
    """An export that has begun: the subject to pull it from (libs/shared/bus/rpc/streaming.py), and what it is.

    `columns` are the names and types of the cells, where the lines are rows of cells that a workbook is made of.
    """

    subject: str
    content_type: str
    filename: str
    columns: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ExportRecords(Request[Exported]):
    """All records of a list, in the `format` that `query` names."""

    service, name, reply = "data", "records.export", Exported
    parameters = taking(*LIST, "format", filters=True, of_records=True)
    entity: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GetRecord(Request[Response]):
    """One record by key, with its version as ETag; `version=n` in `query` reads an old one from the log."""

    service, name = "data", "records.get"
    parameters = Parameters(frozenset((*MOMENTS, *SHOWN, "deleted", "version")), core=True, of_records=True)
    entity: str
    id: str
    query: Pairs = field(default_factory=list)
    if_none_match: str = ""


@dataclass(frozen=True, slots=True)
class CreateRecord(Request[Response]):
    """A new record from the JSON object in `body`."""

    service, name = "data", "records.create"
    writes = Writes.APP
    entity: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class UpdateRecord(Request[Response]):
    """A partial update; `if_match` is the version the caller saw, or ""."""

    service, name = "data", "records.update"
    writes = Writes.APP
    entity: str
    id: str
    if_match: str = ""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class DeleteRecord(Request[Response]):
    """Removal, soft or hard as the entity says."""

    service, name = "data", "records.delete"
    writes = Writes.APP
    entity: str
    id: str
    if_match: str = ""


@dataclass(frozen=True, slots=True)
class CreateRecords(Request[Response]):
    """New records from the JSON array of objects in `body`, all or none. `dry_run=true` in `query` stores nothing.

    With `on_conflict=update` and `key`, a unique field, rows whose value a record has update it.
    """

    service, name = "data", "records.create_bulk"
    writes, timeout, parameters = Writes.APP, BULK_TIMEOUT_S, UPSERT
    entity: str
    query: Pairs = field(default_factory=list)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class UpdateRecords(Request[Response]):
    """Partial updates, all or none, from the JSON array in `body` of objects that hold the key. `dry_run` as above.

    With filters in `query`, the `set` of the object in `body` is written to all records that they choose, if they are
    as many as `expect` says.
    """

    service, name = "data", "records.update_bulk"
    writes, timeout, parameters = Writes.APP, BULK_TIMEOUT_S, UPSERT_OR_CHOSEN
    entity: str
    query: Pairs = field(default_factory=list)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class DeleteRecords(Request[Response]):
    """Removal of the records in the JSON array of ids in `body`, all or none. `dry_run` as above.

    With filters in `query` and no body, all records go that they choose, if they are as many as `expect` says.
    """

    service, name = "data", "records.delete_bulk"
    writes, timeout, parameters = Writes.APP, BULK_TIMEOUT_S, CHOSEN
    entity: str
    query: Pairs = field(default_factory=list)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class RestoreRecords(Request[Response]):
    """Soft-deleted records back from the trash, all or none: by ids in `body`, or by filters and `expect` in `query`.

    `deleted=only` chooses the whole trash. `dry_run` as above.
    """

    service, name = "data", "records.restore_bulk"
    writes, timeout, parameters = Writes.APP, BULK_TIMEOUT_S, CHOSEN_IN_TRASH
    entity: str
    query: Pairs = field(default_factory=list)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class RestoreRecord(Request[Response]):
    """A soft-deleted record back from the trash."""

    service, name = "data", "records.restore"
    writes = Writes.APP
    entity: str
    id: str
    if_match: str = ""


@dataclass(frozen=True, slots=True)
class RecordHistory(Request[Response]):
    """All versions of one record, newest first, from the log itself."""

    service, name = "data", "records.history"
    parameters = taking(*PAGES, *MOMENTS, of_records=True)
    entity: str
    id: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TryRule(Request[Response]):
    """Which stored records would violate the rule, or fail the guard, in `body`. Nothing is changed."""

    service, name = "data", "rules.try"
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class RecordVerdicts:
    """The verdicts about a batch of records, in its order.

    `allowed` says of each whether the caller may do it, `live` whether it is there and not in the trash, and
    `fields` which of its fields they may see (or set) as they are, neither hidden nor masked.
    """

    allowed: list[bool]
    live: list[bool]
    fields: list[list[str]]


@dataclass(frozen=True, slots=True)
class AuthorizeRecords(Request[RecordVerdicts]):
    """May the caller `action` these records (pairs of entity and record id), and which of their fields?

    At most 1,000. A record that is gone is judged by what it was last; one that never was is nobody's.
    """

    service, name, reply = "data", "records.authorize", RecordVerdicts
    records: list[tuple[str, str]]
    action: str = "read"


@dataclass(frozen=True, slots=True)
class TryMachine(Request[Response]):
    """How many stored records the state machine in `body` does not know the state of, and its guards would refuse."""

    service, name = "data", "machines.try"
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ListTransitions(Request[Response]):
    """The transitions of one record's states, and for each whether the caller may take it now, or why not."""

    service, name = "data", "records.transitions"
    parameters = taking(of_records=True)
    entity: str
    id: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CheckListed(Request[Response]):
    """Whether the list of `query` shows one record to the caller, condition by condition."""

    service, name = "data", "records.listed"
    parameters = taking(*(LIST - {*MOMENTS}), "direction", "truncate", filters=True, of_records=True)
    entity: str
    id: str
    query: Pairs = field(default_factory=list)


class ExplainBody(RequestBody):
    """Who (a user by id or address, or roles) may do what: an action on an entity, on records of it, on one field.

    `listed` is the query of a list that `record_id` is looked for in.
    """

    user: str | None = None
    roles: list[str] | None = None
    action: Literal["read", "create", "update", "delete"]
    entity: str
    record_id: str | int | None = None
    record_ids: list[str | int] | None = Field(None, min_length=1, max_length=MAX_EXPLAINED)
    field: str | None = None
    listed: Text | None = Field(None, max_length=MAX_QUERY_CHARACTERS)

    @model_validator(mode="after")
    def is_about_somebody(self) -> Self:
        """Refuse a question about nobody, or about a user with other roles."""
        if (self.user is None) == (self.roles is None):
            raise refusal("required", "Either user (an id or e-mail address) or roles must be given", "user")
        return self

    @model_validator(mode="after")
    def is_about_some_records(self) -> Self:
        """Refuse two ways of naming records, and a list without a record to look for."""
        if self.record_id is not None and self.record_ids is not None:
            raise refusal("exclusive", "Either record_id or record_ids can be given", "record_ids")
        if self.listed is not None and (self.record_id is None or self.action != "read"):
            raise refusal("required", "needs a record_id to look for, and the action read", "listed")
        return self


@dataclass(frozen=True, slots=True)
class ExplainAccess(Request[Response]):
    """Why a caller like this may or may not do something with an entity, one record of it, or one field.

    `who` is the id, e-mail address and roles of the one it is about.
    """

    service, name = "data", "records.explain"
    who: tuple[str, str, list[str]]
    action: str
    entity: str
    record_id: str | None
    field: str | None
    record_ids: list[str] = dataclass_field(default_factory=list)
    listed: str | None = None
