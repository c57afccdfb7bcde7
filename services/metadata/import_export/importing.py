"""Imports the definitions of a document: missing ones are created, existing ones stay as they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from libs.shared.contracts.context import Identity
from libs.shared.schema.kinds import KINDS
from services.metadata.editing.change import Change
from services.metadata.import_export import views
from services.metadata.import_export.document import Document, identity, whole
from services.metadata.import_export.locating import located


@dataclass(slots=True)
class Outcome:
    """What an import has added: definitions by part of the document, records by entity or join table."""

    added: Counter[str] = field(default_factory=Counter)
    created: set[str] = field(default_factory=set)
    records: int = 0
    position: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As the answer has it."""
        counts = {name: self.added[name] for name in (*(kind.section for kind in KINDS.values()), views.SECTION)}
        return {
            "message": f"Import complete: {sum(counts.values())} definitions and {self.records} records were added",
            "summary": {**counts, "records": self.records},
            "imported": counts,
            "errors": [],
            "records": self.records,
        }


async def define(change: Change, document: Document, author: Identity) -> Outcome:
    """Create the definitions that do not exist yet. Raises what creating one raises, saying which."""
    rows = await change.everything()
    there = {(row.kind, identity(KINDS[row.kind], row.document)) for row in rows}
    equal = {(row.kind, whole(row.document)) for row in rows}
    several = document.several
    outcome = Outcome()
    for item in document.items:
        key = (item.kind.name, identity(item.kind, item.kept))
        if (item.kind.name, whole(item.kept)) in equal if key in several else key in there:
            continue
        with located(item.path):
            row = await change.create(item.kind, item.sent, item.definition, lenient=True, path=item.path)
        change.review(item.path, row.kind, row.document)
        outcome.added[item.kind.section] += 1
        if item.kind.name == "entities":
            outcome.created.add(str(row.key))
    outcome.added[views.SECTION] = await views.define(change, document.views, author)
    return outcome
