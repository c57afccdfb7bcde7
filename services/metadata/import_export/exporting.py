"""An app's definitions as one document. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from libs.shared.schema.kinds import KINDS
from services.metadata.import_export.document import FORMAT_VERSION
from services.metadata.model.definition import Definition


def document_of(rows: Iterable[Definition], now: datetime) -> dict[str, Any]:
    """All definitions by kind, in the order of their creation, without ids."""
    sections: dict[str, list[dict[str, Any]]] = {kind.section: [] for kind in KINDS.values()}
    for row in rows:
        if row.kind in KINDS:
            sections[KINDS[row.kind].section].append(row.document)
    return {"version": FORMAT_VERSION, "exported_at": now.isoformat(), **sections}
