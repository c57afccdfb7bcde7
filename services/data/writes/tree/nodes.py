"""A record of a nested write with what the request says about its children."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from libs.shared import exact
from libs.shared.errors import Detail, RocketError
from services.data.model import EntityModel, Link
from services.data.writes.context.drafts import Draft, Place
from services.data.writes.statements.changes import Written
from services.data.writes.tree.instructions import Instruction, Malformed, parse_instruction


@dataclass(slots=True)
class Node:
    """A record of the tree: its draft, and what the request says about its children."""

    draft: Draft
    nested: list[tuple[Link, Instruction]] = field(default_factory=list)
    written: Written | None = None

    @property
    def record(self) -> dict[str, Any]:
        """The record as it is now."""
        if self.written is not None:
            return dict(exact.loads(self.written.record_text))
        return self.draft.stored.record if self.draft.stored else {}

    def anchor(self, link: Link) -> Any:
        """The value that its children refer to. Raises VALIDATION_FAILED where it has none."""
        value = self.record.get(link.own)
        if value is None:
            name = link.relation.name
            message = f"{name} needs a value in {link.own}"
            detail: Detail = {
                "field": link.own,
                "rule": "required",
                "relation": name,
                "message": f"needs a value for {name}",
            }
            raise self.draft.refuse(RocketError("VALIDATION_FAILED", message, [detail]))
        return value

    def place(self, link: Link, index: int) -> Place:
        """The place of one of its children in the request."""
        name = link.relation.name
        above = f"{self.draft.place.path}." if self.draft.place and self.draft.place.path else ""
        return Place(index, name, f"{above}{name}[{index}]", self.draft.place.row if self.draft.place else None)


Members = Sequence[tuple[Node, Instruction]]
"""The nodes of a level that say something about one relation."""


def node_of(entity: EntityModel, draft: Draft) -> Node:
    """A draft whose nested writes are taken out of its body. Raises VALIDATION_FAILED for malformed ones."""
    node = Node(draft)
    own: dict[str, Any] = {}
    for name, value in draft.body.items():
        link = None if name in entity.fields else entity.children(name)
        if link is None:
            own[name] = value
        else:
            node.nested.append((link, _instruction(node, link, value)))
    draft.body = own
    return node


def _instruction(node: Node, link: Link, value: Any) -> Instruction:
    name = link.relation.name
    try:
        return parse_instruction(link.relation.write_mode, value)
    except Malformed as problem:
        message = f"{name} {problem}"
        detail: Detail = {"field": name, "rule": "nested", "relation": name, "message": str(problem)}
        if problem.index is not None:
            detail = node.place(link, problem.index).marks(detail)
        elif node.draft.place is not None and node.draft.place.row is not None:
            detail["index"] = node.draft.place.row
        raise RocketError("VALIDATION_FAILED", message, [detail]) from None
