"""The rows of a nested write against the children there are: which are new, changed, gone. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from libs.shared.errors import Detail
from libs.shared.schema import BadValue, parse_value
from services.data.model import EntityModel, KeyValue
from services.data.writes.statements.locking import Stored

MODES = ("diff", "replace", "append")
Mode = Literal["diff", "replace", "append"]
Row = dict[str, Any]
MODE, DATA, DELETE = "_write_mode", "data", "_delete"


class Malformed(Exception):
    """The value under a relation's name is no nested write."""

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a request says about one parent's children."""

    mode: Mode
    rows: Sequence[Row]


@dataclass(slots=True)
class Reconciled:
    """What becomes of one parent's children; numbers are places among the sent rows."""

    inserts: list[tuple[int, Row]] = field(default_factory=list)
    updates: list[tuple[int, Row, Stored]] = field(default_factory=list)
    deletes: list[tuple[int | None, Stored]] = field(default_factory=list)
    unmatched: list[tuple[int, Row, KeyValue]] = field(default_factory=list)
    """Rows with a key that is no current child's."""


def parse_instruction(default: Mode, sent: Any) -> Instruction:
    """`{"_write_mode"?, "data": [rows]}`. Raises Malformed for every other shape."""
    if not isinstance(sent, dict) or not isinstance(sent.get(DATA), list):
        raise Malformed('must be an object with a list under "data"')
    if unknown := set(sent) - {MODE, DATA}:
        raise Malformed(f"has an unknown key {sorted(unknown)[0]}")
    mode = sent.get(MODE, default)
    if mode not in MODES:
        raise Malformed(f"_write_mode must be one of {', '.join(MODES)}")
    for index, row in enumerate(sent[DATA]):
        if not isinstance(row, dict):
            raise Malformed("must be an object", index)
        if not isinstance(row.get(DELETE, False), bool):
            raise Malformed("_delete must be true or false", index)
    return Instruction(mode, sent[DATA])


def key_of(entity: EntityModel, row: Mapping[str, Any]) -> KeyValue | None:
    """The key that a row names, or None. Raises BadValue for what can't be one."""
    parts = [row.get(name) for name in entity.key.names]
    if any(part is None for part in parts):
        return None
    return tuple(parse_value(key, part) for key, part in zip(entity.key.fields, parts, strict=True))


def reconcile(
    entity: EntityModel, instruction: Instruction, current: Mapping[KeyValue, Stored]
) -> tuple[Reconciled, list[tuple[int, Detail]]]:
    """What the rows mean, and what is wrong with them (by place)."""
    outcome, problems = Reconciled(), list[tuple[int, Detail]]()
    mentioned: set[KeyValue] = set()
    for index, row in enumerate(instruction.rows):
        try:
            key = key_of(entity, row)
        except BadValue as problem:
            name = entity.key.names[0]
            problems.append((index, {"field": name, "rule": "type", "message": str(problem)}))
            continue
        if key is not None and key in mentioned:
            problems.append((index, {"rule": "unique", "message": "the same child is mentioned twice"}))
            continue
        mentioned |= {key} if key is not None else set()
        if instruction.mode == "append" and key is not None and entity.key.generated:
            continue  # it is there already, wherever it is
        _place(outcome, index, row, key, current.get(key) if key is not None else None)
    if instruction.mode == "replace":
        outcome.deletes += [(None, child) for key, child in current.items() if key not in mentioned]
    return outcome, problems


def _place(outcome: Reconciled, index: int, row: Row, key: KeyValue | None, child: Stored | None) -> None:
    body = {name: value for name, value in row.items() if name != DELETE}
    gone = row.get(DELETE, False)
    if key is not None and child is not None:
        if gone:
            outcome.deletes.append((index, child))
        else:
            outcome.updates.append((index, body, child))
    elif not gone and key is None:
        outcome.inserts.append((index, body))
    elif not gone and key is not None:
        outcome.unmatched.append((index, body, key))
