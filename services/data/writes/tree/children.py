"""The children of a level: reconciled with those there are, then deleted, updated and inserted, in this order.

Deletions go first, so that the unique values of replaced children are free for their successors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from libs.shared.errors import Detail, RocketError
from libs.shared.schema import parse_value
from services.data.model import EntityModel, KeyValue, Link
from services.data.permissions import grant_for
from services.data.writes.consequences.removal import remove
from services.data.writes.context.drafts import Draft, Place
from services.data.writes.preparing.readable_references import names_freely, readable
from services.data.writes.statements.changes import Action
from services.data.writes.statements.locking import Stored, existing_keys, lock_related
from services.data.writes.tree.instructions import Instruction, Reconciled, Row, reconcile
from services.data.writes.tree.nodes import Members, Node, node_of

if TYPE_CHECKING:
    from services.data.writes.tree.tree import Tree

Children = Mapping[KeyValue, Stored]


@dataclass(slots=True)
class _Level:
    """What is to be done to the children that one relation has."""

    entity: EntityModel
    link: Link
    inserts: list[Node] = field(default_factory=list)
    updates: list[Node] = field(default_factory=list)
    deletes: list[Draft] = field(default_factory=list)
    unmatched: list[tuple[Node, int, Row, KeyValue]] = field(default_factory=list)

    def add(self, parent: Node, instruction: Instruction, current: Children) -> None:
        """Take on what one parent's rows come to. Raises VALIDATION_FAILED for unfit keys."""
        outcome, problems = reconcile(self.entity, instruction, current)
        if problems:
            details = [parent.place(self.link, index).marks(detail) for index, detail in problems]
            raise RocketError("VALIDATION_FAILED", str(details[0]["message"]), details)
        self._take(parent, outcome)

    def insert(self, parent: Node, index: int, row: Row) -> None:
        """One more new child."""
        self.inserts.append(node_of(self.entity, self._draft(row, None, parent.place(self.link, index))))

    def _draft(self, row: Row, stored: Stored | None, place: Place) -> Draft:
        """A child's draft: that it belongs to its parent is the nested write's doing."""
        return Draft(row, stored, place, given=frozenset({self.link.other}))

    def _take(self, parent: Node, outcome: Reconciled) -> None:
        for index, row in outcome.inserts:
            self.insert(parent, index, row)
        for index, row, stored in outcome.updates:
            self.updates.append(node_of(self.entity, self._draft(row, stored, parent.place(self.link, index))))
        for place, stored in outcome.deletes:
            self.deletes.append(Draft({}, stored, parent.place(self.link, place or 0)))
        self.unmatched += [(parent, index, row, key) for index, row, key in outcome.unmatched]


async def save(tree: Tree, link: Link, members: Members, depth: int) -> None:
    """Store the children of all nodes of a level that one relation has. Raises what storing records raises."""
    level = _Level(tree.write.model.entity(link.entity), link)
    current = await _current(tree, level, members)
    for parent, instruction in members:
        owner = parent.anchor(link)
        rows = [{**row, link.other: owner} for row in instruction.rows]
        level.add(parent, Instruction(instruction.mode, rows), current.get(str(owner), {}))
    await _admit_unmatched(tree, level)
    await remove(tree.write, tree.unit, level.entity, level.deletes)
    if level.updates:
        grant = grant_for(level.entity, "update", tree.write.caller)
        await tree.save(level.entity, Action.UPDATE, level.updates, grant, depth)
    if level.inserts:
        grant_for(level.entity, "create", tree.write.caller)
        await tree.save(level.entity, Action.CREATE, level.inserts, depth=depth)


async def _current(tree: Tree, level: _Level, members: Members) -> dict[str, dict[KeyValue, Stored]]:
    """The children there are, locked, by their parent's value; only for parents whose rows can mean them."""
    column = level.link.other
    owners = [parent.anchor(level.link) for parent, instruction in members if _minds(level.entity, instruction)]
    values = [parse_value(level.entity.fields[column], owner) for owner in owners]
    current: dict[str, dict[KeyValue, Stored]] = {}
    if values:
        found = await lock_related(tree.unit.transaction, level.entity, column, values)
        for key, stored in found.items():
            current.setdefault(str(stored.record[column]), {})[key] = stored
    return current


def _minds(entity: EntityModel, instruction: Instruction) -> bool:
    """Whether it matters which children there are."""
    keyed = any(row.get(entity.key.names[-1]) is not None for row in instruction.rows)
    return instruction.mode == "replace" or keyed


async def _known(tree: Tree, entity: EntityModel, keys: Sequence[KeyValue]) -> set[str]:
    """Which keys any record has; of generated ones, which nobody else can give, any that the caller may read."""
    known = await existing_keys(tree.unit.transaction, entity, keys)
    if not entity.key.generated or names_freely(tree.write, entity, entity.key.names[0]):
        return known
    name, values = entity.key.names[0], [key[0] for key in keys]
    seen = await readable(tree.write, tree.unit.transaction, entity, name, values)
    return known & {entity.key.text((value,)) for value in seen}


async def _admit_unmatched(tree: Tree, level: _Level) -> None:
    """Rows with keys that no current child has: new children, if clients give keys and nobody has this one.

    Children of other parents are left alone. Raises VALIDATION_FAILED for generated keys that nobody has.
    """
    if not level.unmatched:
        return
    keys = [key for *_, key in level.unmatched]
    known = await _known(tree, level.entity, keys)
    details: list[Detail] = []
    for parent, index, row, key in level.unmatched:
        if level.entity.key.text(key) in known:
            continue
        if level.entity.key.generated:
            name = level.entity.key.names[0]
            detail = {
                "field": name,
                "rule": "reference",
                "message": f"there is no {level.entity.name} with this {name}",
            }
            details.append(parent.place(level.link, index).marks(detail))
        else:
            level.insert(parent, index, row)
    if details:
        raise RocketError("VALIDATION_FAILED", str(details[0]["message"]), details)
