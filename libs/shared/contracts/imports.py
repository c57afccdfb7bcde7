"""Import jobs: files of rows that are written in batches. The gateway keeps and reads the file, data does the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field

from libs.shared.contracts.bodies import RequestBody, Text
from libs.shared.contracts.context import Identity
from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.contracts.records import BULK_TIMEOUT_S, Pairs
from libs.shared.parameters import PAGES, taking

Format = Literal["csv", "tsv", "xlsx", "ndjson", "json"]
MAX_COLUMNS = 1_000
"""Columns of a file."""
MAX_COLUMN_CHARACTERS = 200
ROW_COLUMN, REASONS_COLUMN = "_row", "_reasons"
"""Columns that the file of refused rows has besides its own; an import skips them."""


class ReferenceMapping(RequestBody):
    """A column whose cells name a referenced record by the field `by` of its entity."""

    field: Text
    by: Text


class ImportOptions(RequestBody):
    """What a caller says about a file, and how it is to be imported."""

    format: Format | None = None
    mapping: dict[str, Text | ReferenceMapping | None] | None = Field(None, max_length=MAX_COLUMNS)
    key: Text | None = None
    empty: Literal["skip", "null"] = "skip"
    dry_run: bool = False
    header: bool = True
    delimiter: str | None = None
    encoding: str | None = None
    sheet: Text | None = None
    decimal: Literal[".", ","] = "."
    dates: Literal["iso", "dmy", "mdy"] = "iso"
    timezone: Text | None = None


OPTIONS = tuple(ImportOptions.model_fields)


@dataclass(frozen=True, slots=True)
class CheckImport(Request[Response]):
    """Whether the caller may import into an entity now; also notes the file as one that is about to be stored."""

    service, name = "data", "imports.check"
    entity: str
    file_id: str


@dataclass(frozen=True, slots=True)
class PreviewImport(Request[Response]):
    """What an import of a file with these columns would map them to; `body` is the preview so far."""

    service, name = "data", "imports.preview"
    entity: str
    columns: list[str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class CreateImport(Request[Response]):
    """A new job for a stored file. `options` are ImportOptions, complete: nothing is left to be found out."""

    service, name = "data", "imports.create"
    writes = Writes.APP
    entity: str
    id: str
    file_id: str
    filename: str
    size: int
    columns: list[str]
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ListImports(Request[Response]):
    """The caller's import jobs of an entity, or for admins everybody's, newest first: status, kind in `query`."""

    service, name = "data", "imports.list"
    parameters = taking("status", "kind", *PAGES)
    entity: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GetImport(Request[Response]):
    """One import job with its progress."""

    service, name = "data", "imports.get"
    entity: str
    id: str


@dataclass(frozen=True, slots=True)
class RefusedRows:
    """Either a page of refused rows, or the subject to pull all of them from as CSV."""

    subject: str = ""
    filename: str = ""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ListRefusedRows(Request[RefusedRows]):
    """The refused rows of an import, as CSV or, with `format=json`, in pages."""

    service, name, reply = "data", "imports.refusals", RefusedRows
    parameters = taking("format", *PAGES)
    entity: str
    id: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CancelImport(Request[Response]):
    """Ends a queued or running import job. What is written stays."""

    service, name = "data", "imports.cancel"
    writes = Writes.APP
    entity: str
    id: str


@dataclass(frozen=True, slots=True)
class ResumeImport(Request[Response]):
    """Has a failed or cancelled import job go on behind the last row that was done."""

    service, name = "data", "imports.resume"
    writes = Writes.APP
    entity: str
    id: str


@dataclass(frozen=True, slots=True)
class UndoImport(Request[Response]):
    """A job that takes the commits of an import back, the last one first."""

    service, name = "data", "imports.undo"
    writes = Writes.APP
    entity: str
    id: str


@dataclass(frozen=True, slots=True)
class ClaimedImport:
    """A job that a worker has claimed, with what it needs to go on. `owner` is Identity.packed()."""

    id: str
    claim: str
    kind: str
    entity: str
    file_id: str
    size: int
    options: dict[str, Any]
    columns: list[str]
    rows: int | None
    done: int
    owner: list[Any]
    origin: dict[str, str]

    @property
    def identity(self) -> Identity:
        """The owner as they were when the job was made."""
        return Identity.unpacked(*self.owner)


@dataclass(frozen=True, slots=True)
class ClaimedImports:
    """The jobs of an app that a worker has claimed, and the seconds until another one may be due (None: none is)."""

    jobs: list[dict[str, Any]]
    next_in: float | None = None


@dataclass(frozen=True, slots=True)
class ClaimImports(Request[ClaimedImports]):
    """Claims up to `most` due jobs, as many as the app may have running."""

    service, name, reply = "data", "imports.claim", ClaimedImports
    most: int


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far a job is; a status other than `running` ends the work on it."""

    status: str
    done: int


@dataclass(frozen=True, slots=True)
class BeginImport(Request[ImportProgress]):
    """The number of rows of the whole file, once it was read through."""

    service, name, reply = "data", "imports.begin", ImportProgress
    id: str
    claim: str
    rows: int


@dataclass(frozen=True, slots=True)
class WriteImportedRows(Request[ImportProgress]):
    """The next rows of a job, behind `first` rows that are done, in one commit with the progress.

    `body` is a JSON list of `[row, cells, problem]`; `cells` is a list in the order of the columns, or an object.
    """

    service, name, reply, timeout = "data", "imports.write", ImportProgress, BULK_TIMEOUT_S
    id: str
    claim: str
    first: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class UndoImportedCommit(Request[ImportProgress]):
    """Takes the last commit of an import back that still stands, in one commit with the progress of the undo."""

    service, name, reply, timeout = "data", "imports.undo_commit", ImportProgress, BULK_TIMEOUT_S
    id: str
    claim: str


@dataclass(frozen=True, slots=True)
class EndImport(Request[ImportProgress]):
    """The end of a job: `done`, or `failed` with an error. With `retry_in` it is due again after so many seconds."""

    service, name, reply = "data", "imports.end", ImportProgress
    id: str
    claim: str
    status: str
    error: dict[str, Any] | None = None
    retry_in: float | None = None


@dataclass(frozen=True, slots=True)
class KeepImportClaim(Request[ImportProgress]):
    """Keeps a claim while the file is read through."""

    service, name, reply = "data", "imports.keep", ImportProgress
    id: str
    claim: str


@dataclass(frozen=True, slots=True)
class PrunedImports:
    """Files that no job needs any more, and the seconds until there may be others (None: no job is left)."""

    file_ids: list[str]
    next_in: float | None = None


@dataclass(frozen=True, slots=True)
class PruneImports(Request[PrunedImports]):
    """Removes old jobs, and the files of jobs that ended long ago."""

    service, name, reply = "data", "imports.prune", PrunedImports
