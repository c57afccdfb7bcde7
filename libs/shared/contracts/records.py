"""Records: what the data service answers. `query` is the URL's query as pairs, in order."""

from __future__ import annotations

from dataclasses import dataclass, field

from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.parameters import PAGES, Parameters, taking

Pairs = list[tuple[str, str]]
BULK_TIMEOUT_S = 60.0
"""Seconds that a bulk write may take."""
MOMENTS = ("as_of", "min_commit")
CHOICE = ("q", "deleted", *MOMENTS)
"""Which records, besides filters."""
SHOWN = ("fields", "include")
LIST = frozenset((*CHOICE, *SHOWN, *PAGES, "sort", "count", "cursor"))
FIGURES = ("count", "sum", "avg", "min", "max", "count_distinct")
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
    """Figures about records, in groups: FIGURES, group_by, tz, having and filters in `query`."""

    service, name = "data", "records.aggregate"
    parameters = taking(*CHOICE, *PAGES, *FIGURES, "group_by", "tz", "sort", filters=True, having=True, of_records=True)
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
class CompareLists(Request[Response]):
    """What has become of a list between `since` and `until` (or now): records that entered, left or changed."""

    service, name = "data", "records.compare"
    parameters = taking("since", "until", "min_commit", "q", "fields", filters=True, of_records=True)
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
