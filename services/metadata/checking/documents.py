"""What clients send as a definition: itself, or the whole row that GET answers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from libs.shared.errors import invalid_field
from libs.shared.schema.validation_errors import refuse_unknown
from services.metadata.store.definitions import Definition

OF_THE_ROW = ("id", "created_at", "updated_at")
"""What every answer says of a definition beside itself. It may be sent back, and changes nothing."""
DEFINITION = "definition"


def of_flat_row(sent: dict[str, Any], beside: Iterable[str], old: Definition | None) -> dict[str, Any]:
    """The definition in a row that holds its keys; `beside` are further ones that answers add.

    Raises VALIDATION_FAILED where the row is another definition's than the one that it shall replace.
    """
    if old is not None and "id" in sent and sent["id"] != old.id:
        raise invalid_field("id", "id is not that of the definition at this address")
    return {key: value for key, value in sent.items() if key not in (*OF_THE_ROW, *beside)}


def of_wrapped_row(sent: dict[str, Any], columns: Sequence[tuple[str, str]], old: Definition | None) -> dict[str, Any]:
    """The definition in a row that has it under `definition`, or the plain one; `columns`: key of the row → its key.

    Raises VALIDATION_FAILED for further keys, and where a column says another thing than the definition.
    """
    inner = sent.get(DEFINITION)
    if not isinstance(inner, dict):
        return sent
    named = (("name", "name"), *columns)
    refuse_unknown(sent, [DEFINITION, *(column for column, _ in named), *OF_THE_ROW])
    before: Mapping[str, Any] = old.document if old else {}
    for column, key in named:
        if column in sent and sent[column] not in (inner.get(key), before.get(key)):
            raise invalid_field(column, f"{column} is not what the definition says: change {DEFINITION}.{key}")
    return inner
