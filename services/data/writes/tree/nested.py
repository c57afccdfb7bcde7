"""Nested writes in bodies: `{"lines": {"_write_mode": …, "data": [rows]}}` is taken out and parsed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from libs.shared.errors import Detail, RocketError
from libs.shared.schema import parse_value
from services.data.model import EntityModel, KeyValue, Link
from services.data.writes.context.drafts import Draft, Mode, NestedWrite

MODES = get_args(Mode)
MODE, DATA, DELETE = "_write_mode", "data", "_delete"
Members = Sequence[tuple[Draft, NestedWrite]]
"""The drafts of a level that say something about one relation."""


class Malformed(Exception):
    """The value under a relation's name is no nested write."""

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


def take_nested(entity: EntityModel, draft: Draft) -> Draft:
    """The draft, with nested writes moved from its body to `nested`. Raises VALIDATION_FAILED for malformed ones."""
    own: dict[str, Any] = {}
    nested: list[tuple[Link, NestedWrite]] = []
    for name, value in draft.body.items():
        link = None if name in entity.fields else entity.children(name)
        if link is None:
            own[name] = value
        else:
            nested.append((link, _parsed(draft, link, value)))
    draft.body, draft.nested = own, nested
    return draft


def by_link(drafts: Sequence[Draft]) -> list[tuple[Link, Members]]:
    """What the drafts of a level say about each relation."""
    grouped: dict[str, tuple[Link, list[tuple[Draft, NestedWrite]]]] = {}
    for draft in drafts:
        for link, nested in draft.nested:
            grouped.setdefault(link.relation.name, (link, []))[1].append((draft, nested))
    return list(grouped.values())


def parse_nested(default: Mode, sent: Any) -> NestedWrite:
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
    return NestedWrite(mode, sent[DATA])


def key_of(entity: EntityModel, row: Mapping[str, Any]) -> KeyValue | None:
    """The key that a row names, or None. Raises BadValue for what can't be one."""
    parts = [row.get(name) for name in entity.key.names]
    if any(part is None for part in parts):
        return None
    return tuple(parse_value(key, part) for key, part in zip(entity.key.fields, parts, strict=True))


def _parsed(draft: Draft, link: Link, value: Any) -> NestedWrite:
    name = link.relation.name
    try:
        return parse_nested(link.relation.write_mode, value)
    except Malformed as problem:
        detail: Detail = {"field": name, "rule": "nested", "relation": name, "message": str(problem)}
        if problem.index is not None:
            detail = draft.child_place(link, problem.index).marks(detail)
        elif draft.place is not None and draft.place.row is not None:
            detail["index"] = draft.place.row
        raise RocketError("VALIDATION_FAILED", f"{name} {problem}", [detail]) from None
