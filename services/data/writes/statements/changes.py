"""What a write does to rows, as data: the command that a request is, row changes, their outcome, log entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from libs.shared.errors import Detail
from libs.shared.ids import UUID
from services.data.model import KeyValue

Values = dict[str, Any]
"""Column → Python value (None for null), ready to be a statement's parameter."""

LogEntry = tuple[int, str, int, str, str | None, str | None, str | None]
"""An entry of the log without its position: entity number, record id, version, action, image, previous, effects."""

RecordId = tuple[int, str]
"""Entity number and record id, as the log knows a record."""

Marks = dict[RecordId, Callable[[Iterable[Detail]], list[Detail]]]
"""Record → adds to details where the record stands in the request."""


class Action(Enum):
    """What can happen to a record; the value is the log's word for it."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Command:
    """One write request: its commit id and the log's context document (JSON text: who, from where, because of what)."""

    id: UUID
    context: str
    trace_id: UUID
    schema_version: int
    effect_key: str | None = None


@dataclass(slots=True)
class RowChange:
    """One record's change.

    `key` is None where the database numbers new records. `if_version` is the version that the caller saw, None where
    any will do. `effects` is the JSON list of decided effects that the log keeps.
    """

    command: Command
    key: KeyValue | None
    values: Values
    if_version: int | None = None
    effects: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A changed row: its key and JSON as they are now (of a removed row: as they were), and its version."""

    key: str
    version: int
    record_text: str
    position: int = 0
