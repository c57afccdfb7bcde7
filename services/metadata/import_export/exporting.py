"""An app's definitions as one document."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.metadata.checking.kinds import KINDS
from services.metadata.import_export.document import VERSION, part_of
from services.metadata.store.definitions import Definition


def document_of(rows: Iterable[Definition], now: datetime) -> dict[str, Any]:
    """All definitions by kind, in the order of their making, without ids."""
    parts: dict[str, list[dict[str, Any]]] = {part_of(kind): [] for kind in KINDS.values()}
    for row in rows:
        if row.kind in KINDS:
            parts[part_of(KINDS[row.kind])].append(row.document)
    return {"version": VERSION, "exported_at": now.isoformat(), **parts}
