"""An app's definitions as one document. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from libs.shared.schema.kinds import KINDS
from services.metadata.checking import secrets
from services.metadata.checking.references.notifications import is_untouched
from services.metadata.import_export.document import FORMAT_VERSION
from services.metadata.import_export.views import SECTION
from services.metadata.model.definition import Definition
from services.metadata.model.view import SavedView


def document_of(rows: Iterable[Definition], views: Iterable[SavedView], now: datetime) -> dict[str, Any]:
    """All definitions by kind, in the order of their creation, and the shared views, without ids."""
    sections: dict[str, list[dict[str, Any]]] = {kind.section: [] for kind in KINDS.values()}
    for row in rows:
        if row.kind in KINDS and not is_untouched(row):
            kind = KINDS[row.kind]
            sections[kind.section].append(secrets.without(kind, row.document))
    shared = [view.document for view in views]
    return {"version": FORMAT_VERSION, "exported_at": now.isoformat(), **sections, SECTION: shared}
