"""Reads what clients send, a definition or the row that GET answers, and makes the stored document. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.shared import exact
from libs.shared.errors import invalid_field
from libs.shared.schema.kinds import DefinitionKind
from libs.shared.schema.validation_errors import refuse_unknown
from services.metadata.checking.kinds import checks_of
from services.metadata.model.definition import Definition

ROW_KEYS = ("id", "created_at", "updated_at")
"""Keys that every answer adds to a definition. They may be sent back, and change nothing."""
WRAPPER = "definition"


def unwrapped(kind: DefinitionKind, sent: dict[str, Any], old: Definition | None = None) -> dict[str, Any]:
    """The definition in what was sent, without the keys that answers add; `old` is the definition to be replaced.

    Raises VALIDATION_FAILED.
    """
    if kind.columns is not None:
        return _from_wrapped_row(sent, kind.columns, old)
    if old is not None and "id" in sent and sent["id"] != old.id:
        raise invalid_field("id", "id is not that of the definition at this address")
    return {key: value for key, value in sent.items() if key not in (*ROW_KEYS, *kind.answered)}


def completed(kind: DefinitionKind, sent: dict[str, Any], old: Definition) -> dict[str, Any]:
    """A replacing document. The URL gives the name where it addresses definitions by name."""
    document = unwrapped(kind, sent, old)
    named = {"name": old.key, **document} if kind.addressed_by_name else document
    return checks_of(kind).complete(named)


def stored(kind: DefinitionKind, document: dict[str, Any], definition: Any) -> dict[str, Any]:
    """The document to store: as it was sent if answers wrap it, else with its defaults."""
    return exact.document(definition) if not kind.is_wrapped else checks_of(kind).normalize(document, definition)


def _from_wrapped_row(
    sent: dict[str, Any], columns: tuple[tuple[str, str], ...], old: Definition | None
) -> dict[str, Any]:
    """The definition under `definition`. A column may only repeat its current or former value."""
    inner = sent.get(WRAPPER)
    if not isinstance(inner, dict):
        return sent
    named = (("name", "name"), *columns)
    refuse_unknown(sent, [WRAPPER, *(column for column, _ in named), *ROW_KEYS])
    before: Mapping[str, Any] = old.document if old else {}
    for column, key in named:
        if column in sent and sent[column] not in (inner.get(key), before.get(key)):
            raise invalid_field(column, f"{column} differs from the definition: change {WRAPPER}.{key}")
    return inner
