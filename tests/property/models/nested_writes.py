"""Generated nested writes, and what a plain Python model says they do to children and pairs."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

STRANGER = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Line:
    """One row: `which` names a record (0 is a new one, past the last a stranger); `code` is its unique value."""

    which: int
    code: int
    gone: bool


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a parent's children or pairs."""

    parent: int
    relation: str
    mode: str
    rows: Sequence[Line]


def writes() -> st.SearchStrategy[Write]:
    line = st.builds(
        Line, st.sampled_from([0, 0, 0, 0, 1, 2, 3, 9]), st.integers(0, 3), st.sampled_from([False] * 3 + [True])
    )
    return st.builds(
        Write,
        st.integers(0, 1),
        st.sampled_from(["softs", "hards", "tags"]),
        st.sampled_from(["diff", "replace", "append"]),
        st.lists(line, min_size=1, max_size=3, unique_by=lambda one: one.which or -one.code - 1),
    )


@dataclass(slots=True)
class Family:
    """Two parents, their children in the order in which they were made, and their tags.

    Codes of soft-deleted children stay taken. `refusal` is the status that answers the last write, had it failed.
    """

    tags: Sequence[str]
    offset: int
    parents: list[str] = field(default_factory=list)
    children: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"softs": [], "hards": []})
    trash: set[int] = field(default_factory=set)
    pairs: list[set[str]] = field(default_factory=lambda: [set(), set()])
    refusal: int = 0

    def asked(self, write: Write) -> tuple[dict[str, Any], Family | None]:
        """The body of the request, and the family after it, or None where it is refused."""
        after = copy.deepcopy(self)
        rows, status = after._pair(write) if write.relation == "tags" else after._bear(write)
        self.refusal = status
        body = {write.relation: {"_write_mode": write.mode, "data": rows}}
        return body, None if status else after

    def _pair(self, write: Write) -> tuple[list[dict[str, Any]], int]:
        rows, status, mine = [], 0, self.pairs[write.parent]
        kept, gone = set(), set()
        for line in write.rows:
            tag = STRANGER if line.which == 9 else self.tags[line.which % 3]
            rows.append({"id": tag, **({"_delete": True} if line.gone else {})})
            if line.gone:
                gone |= set() if write.mode == "append" else {tag}
                continue
            status = 422 if tag == STRANGER else status
            kept.add(tag)
        self.pairs[write.parent] = kept if write.mode == "replace" else (mine - gone) | kept
        return rows, status

    def _bear(self, write: Write) -> tuple[list[dict[str, Any]], int]:
        stored = self.children[write.relation]
        rows, status, named = [], 0, []
        deleted: list[dict[str, Any]] = []
        added: list[dict[str, Any]] = []
        changes: list[tuple[dict[str, Any], int]] = []
        for line in write.rows:
            code = self.offset + line.code
            row: dict[str, Any] = {"code": code, **({"_delete": True} if line.gone else {})}
            rows.append(row)
            child = stored[line.which - 1] if 0 < line.which <= len(stored) else None
            if line.which == 0:
                added += [] if line.gone else [{"id": None, "parent": write.parent, "code": code}]
                continue
            row["id"] = child["id"] if child else f"{STRANGER[:-1]}{line.which}"
            if write.mode == "append":
                continue
            if child is None:
                status = status if line.gone else 422
            elif child["parent"] == write.parent:
                named.append(child)
                deleted += [child] if line.gone else []
                changes += [] if line.gone else [(child, code)]
        if write.mode == "replace":
            deleted += [c for c in stored if c["parent"] == write.parent and not any(c is n for n in named)]
        return rows, status or self._apply(write.relation, deleted, changes, added)

    def _apply(
        self, name: str, deleted: list[dict[str, Any]], changes: list[tuple[dict[str, Any], int]], added: list[Any]
    ) -> int:
        """Deletions, updates and insertions; 409 where a code is there twice in the end."""
        if name == "softs":
            self.trash |= {child["code"] for child in deleted}
        stored = self.children[name] = [c for c in self.children[name] if not any(c is gone for gone in deleted)]
        for child, code in changes:
            child["code"] = code
        stored += added
        codes = [child["code"] for child in stored]
        clash = len(set(codes)) < len(codes) or (name == "softs" and not self.trash.isdisjoint(codes))
        return 409 if clash else 0
