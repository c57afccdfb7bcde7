"""What a write does to rows: pure data between deciding and committing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from services.data.model import KeyValue
from services.data.writes.statements.command import Command

Values = dict[str, Any]
"""Column → Python value (None for null), ready to be a statement's parameter."""


RECORD_EFFECTS = frozenset({"create_record", "update_record", "delete_record"})
"""Effects of transitions that are changes of records, and so belong into the commit itself."""


class Action(Enum):
    """What can happen to a record; the value is the log's word for it."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RESTORE = "restore"


@dataclass(slots=True)
class RowChange:
    """One record's change.

    `key` is None where the database numbers new records. `if_version` is the version that the caller
    saw, if that matters. `effects` is the JSON list of decided effects that the log keeps.
    """

    command: Command
    key: KeyValue | None
    values: Values
    if_version: int | None = None
    effects: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A changed row: its key and JSON as they are now (as they were, for a removed one), and its version."""

    key: str
    version: int
    record_text: str
    position: int = 0

    @classmethod
    def of(cls, row: Any) -> Written:
        """What a writing statement answered."""
        return cls(row["key"], row["version"], row["record"], row["position"] or 0)
