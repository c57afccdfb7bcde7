"""An import job as the database has it, and as its owner sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from libs.shared import exact
from libs.shared.contracts.context import Identity
from libs.shared.contracts.imports import ImportOptions
from libs.shared.errors import not_found
from libs.shared.ids import UUID, parse_uuid
from libs.shared.postgres.databases import Connection, Database, Record
from libs.shared.schema import Snapshot
from services.data.imports import store

ENDED = frozenset({"done", "failed", "cancelled"})
RESUMABLE = frozenset({"failed", "cancelled"})
STATUSES = ("queued", "running", "done", "failed", "cancelled")
KINDS = ("import", "undo")


SHOWN_OPTIONS = ("format", "mapping", "key", "empty", "decimal", "dates", "timezone")
"""Options that a job shows: with them its refused rows are read as its file was."""


@dataclass(frozen=True, slots=True)
class ImportJob:
    """A row of `data.imports`. `document` is what was said when it was made: options, columns, filename, size."""

    row: Record
    document: dict[str, Any]

    @classmethod
    def of(cls, row: Record) -> ImportJob:
        """The job of a row."""
        return cls(row, exact.loads(row["options"]))

    @property
    def id(self) -> UUID:
        return UUID(self.row["id"])

    @property
    def status(self) -> str:
        status: str = self.row["status"]
        return status

    @property
    def owner(self) -> Identity:
        """Who started it, as they were then."""
        return Identity.unpacked(*exact.loads(self.row["owner"]))

    @property
    def options(self) -> ImportOptions:
        """What was asked for."""
        return ImportOptions.model_validate(self.document["options"])

    @property
    def columns(self) -> list[str]:
        columns: list[str] = self.document["columns"]
        return columns

    def name_in(self, schema: Snapshot) -> str:
        """The present name of its entity. Raises NOT_FOUND when that is gone."""
        entity = schema.by_number.get(self.row["entity"])
        if entity is None or entity.retired:
            raise not_found("Import")
        return entity.name

    def to_dict(self, app: str, entity: str) -> dict[str, Any]:
        """The job as JSON."""
        row, said = self.row, self.document
        owner = self.owner
        options = said.get("options", {})
        return {
            "id": row["id"],
            "kind": row["kind"],
            "entity": entity,
            "status": row["status"],
            "dry_run": row["dry_run"],
            **{name: said.get(name) for name in ("filename", "size", "columns")},
            **{name: options.get(name) for name in SHOWN_OPTIONS},
            **{name: row[name] for name in ("rows", "done", "created", "updated", "refused", "undone")},
            "errors_url": f"/api/{app}/{entity}/_imports/{row['id']}/errors",
            "owner": {"id": owner.id, "email": owner.email},
            **{name: row[name] for name in ("created_at", "started_at", "finished_at")},
            "error": exact.loads(row["error"]) if row["error"] else None,
            "effects": exact.loads(row["effects"]) if row["effects"] else None,
            "undo_id": row["undo_id"],
            "undoes": row["undoes"],
        }


async def find_job(connection: Connection | Database, text: str, lock: bool = False) -> ImportJob:
    """The job of this id. Raises NOT_FOUND."""
    parsed = parse_uuid(text)
    row = await connection.fetchrow(store.LOCK if lock else store.FIND, parsed) if parsed is not None else None
    if row is None:
        raise not_found("Import")
    return ImportJob.of(row)
