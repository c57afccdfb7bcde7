"""Generated writes and definition changes, and the log that a plain Python model says they leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.support.client import entity, integer, text

Record = dict[str, Any]

ALWAYS = ("t", "x")
COMES_AND_GOES = ("old_2", "next_version")
KEYS = ("a", "é/'% \\")
WEIGHTED = ("create", "create", "define", "define", "update", "update", "update", "delete")
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "t": st.sampled_from(["", "'; --", "é", None]),
    "x": st.sampled_from([0, 1, None]),
    "old_2": st.sampled_from([1, 2, None]),
    "next_version": st.sampled_from(["n", "m", None]),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One request: create, update, delete, or define (with the fields of `names`)."""

    what: str
    key: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ()


def definition(name: str, soft_delete: bool, names: Sequence[str]) -> dict[str, Any]:
    """The entity with those of its fields that come and go which are there at the time."""
    makers = {"old_2": integer, "next_version": text}
    fields = [text("key"), text("t"), integer("x"), *(makers[n](n) for n in COMES_AND_GOES if n in names)]
    key = {"field": "key", "type": "string", "generated": False}
    return entity(name, primary_key=key, soft_delete=soft_delete) | {"fields": fields}


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    """A sequence of requests; some are refused, as their record is not there, or there already."""
    names: tuple[str, ...] = ()
    found: list[Step] = []
    for what in draw(st.lists(st.sampled_from(WEIGHTED), min_size=10, max_size=25)):
        if what == "define":
            names = tuple(name for name in COMES_AND_GOES if draw(st.booleans()))
            found.append(Step("define", names=names))
            continue
        chosen = draw(st.sets(st.sampled_from([*ALWAYS, *names])))
        values = {name: draw(VALUES[name]) for name in sorted(chosen)} if what != "delete" else {}
        found.append(Step(what, draw(st.sampled_from(KEYS)), values))
    return found


@dataclass(slots=True)
class Written:
    """One version of a record: what was done, and the record before and after it, with all its columns."""

    action: str
    before: Record | None
    after: Record | None


class Model:
    """What the entity must look like after each step."""

    def __init__(self, soft_delete: bool) -> None:
        self.soft_delete = soft_delete
        self.names: tuple[str, ...] = ()
        self.records: dict[str, Record] = {}
        self.log: dict[str, list[Written]] = {}

    @property
    def fields(self) -> tuple[str, ...]:
        """Today's fields."""
        return ("key", *ALWAYS, *self.names)

    def visible(self, record: Record | None) -> Record | None:
        """A record with today's fields."""
        return None if record is None else {name: record[name] for name in self.fields}

    def take(self, step: Step) -> int:
        """The status that answers a step, having taken it."""
        present = self.records.get(step.key)
        match step.what:
            case "define":
                self.names = step.names
                return 200
            case "create":
                if present is not None or (self.soft_delete and step.key in self.log):
                    return 409
                empty = dict.fromkeys((*ALWAYS, *COMES_AND_GOES))
                return self._write(step, 201, {"key": step.key, **empty, **step.values})
            case _ if present is None:
                return 404
            case "update":
                return self._write(step, 200, {**present, **step.values}) if step.values else 200
        return self._write(step, 200, None)

    def _write(self, step: Step, status: int, after: Record | None) -> int:
        before = self.records.pop(step.key, None)
        self.log.setdefault(step.key, []).append(Written(step.what, before, after))
        if after is not None:
            self.records[step.key] = after
        return status

    def changed(self, written: Written) -> dict[str, dict[str, Any]]:
        """What history says an entry has changed, in today's fields."""
        if written.action == "delete" and self.soft_delete:
            return {}
        old, new = self.visible(written.before) or {}, self.visible(written.after) or {}
        names = [name for name in self.fields if old.get(name) != new.get(name)]
        return {name: {"old": old.get(name), "new": new.get(name)} for name in names}
