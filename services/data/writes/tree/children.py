"""The children of a level by one relation: reconciled with those that are stored, into what is to be done to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from libs.shared.errors import Detail, RocketError
from libs.shared.schema import parse_value
from services.data.model import EntityModel, KeyValue, Link
from services.data.writes.context.drafts import Draft, NestedWrite, Row
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing.readable_references import names_freely, readable
from services.data.writes.statements.locking import Stored, existing_keys, lock_related
from services.data.writes.statements.unit_of_work import UnitOfWork
from services.data.writes.tree.nested import Members, take_nested
from services.data.writes.tree.reconciling import Reconciled, reconcile

Children = Mapping[KeyValue, Stored]


@dataclass(slots=True)
class ChildrenPlan:
    """What is to be done to the children that one relation has."""

    entity: EntityModel
    link: Link
    inserts: list[Draft] = field(default_factory=list)
    updates: list[Draft] = field(default_factory=list)
    deletes: list[Draft] = field(default_factory=list)
    unmatched: list[tuple[Draft, int, Row, KeyValue]] = field(default_factory=list)
    """Rows with keys that no current child has, with their parent and place."""

    def add(self, parent: Draft, nested: NestedWrite, current: Children) -> None:
        """Take up what one parent's rows mean. Raises VALIDATION_FAILED for unfit keys."""
        outcome, problems = reconcile(self.entity, nested, current)
        if problems:
            details = [parent.child_place(self.link, index).marks(detail) for index, detail in problems]
            raise RocketError("VALIDATION_FAILED", str(details[0]["message"]), details)
        self._take(parent, outcome)

    def insert(self, parent: Draft, index: int, row: Row) -> None:
        """One more new child."""
        self.inserts.append(self._draft(parent, index, row, None))

    def _take(self, parent: Draft, outcome: Reconciled) -> None:
        for index, row in outcome.inserts:
            self.insert(parent, index, row)
        self.updates += [self._draft(parent, index, row, stored) for index, row, stored in outcome.updates]
        self.deletes += [
            Draft({}, stored, parent.child_place(self.link, place or 0)) for place, stored in outcome.deletes
        ]
        self.unmatched += [(parent, index, row, key) for index, row, key in outcome.unmatched]

    def _draft(self, parent: Draft, index: int, row: Row, stored: Stored | None) -> Draft:
        """A child's draft; the reference to its parent is the nested write's doing, not the caller's."""
        place = parent.child_place(self.link, index)
        return take_nested(self.entity, Draft(row, stored, place, given=frozenset({self.link.other})))


async def plan_children(write: WriteContext, unit: UnitOfWork, link: Link, members: Members) -> ChildrenPlan:
    """What is to be done to the children of a level, by one relation. Raises VALIDATION_FAILED."""
    plan = ChildrenPlan(write.model.entity(link.entity), link)
    current = await _current(unit, plan, members)
    for parent, nested in members:
        owner = parent.parent_value(link)
        rows = [{**row, link.other: owner} for row in nested.rows]
        plan.add(parent, NestedWrite(nested.mode, rows), current.get(str(owner), {}))
    await _admit_unmatched(write, unit, plan)
    return plan


async def _current(unit: UnitOfWork, plan: ChildrenPlan, members: Members) -> dict[str, dict[KeyValue, Stored]]:
    """The stored children, locked, by their parent's value; only of parents whose rows can concern them."""
    column = plan.link.other
    owners = [parent.parent_value(plan.link) for parent, nested in members if _reads_current(plan.entity, nested)]
    values = [parse_value(plan.entity.fields[column], owner) for owner in owners]
    current: dict[str, dict[KeyValue, Stored]] = {}
    if values:
        found = await lock_related(unit.transaction, plan.entity, column, values)
        for key, stored in found.items():
            current.setdefault(str(stored.record[column]), {})[key] = stored
    return current


def _reads_current(entity: EntityModel, nested: NestedWrite) -> bool:
    """Whether the result depends on the existing children."""
    return nested.mode == "replace" or any(row.get(entity.key.names[-1]) is not None for row in nested.rows)


async def _known(write: WriteContext, unit: UnitOfWork, entity: EntityModel, keys: Sequence[KeyValue]) -> set[str]:
    """Those of the keys that any record has; of generated ones, those of records that the caller may read."""
    known = await existing_keys(unit.transaction, entity, keys)
    if not entity.key.generated or names_freely(write, entity, entity.key.names[0]):
        return known
    name, values = entity.key.names[0], [key[0] for key in keys]
    seen = await readable(write, unit.transaction, entity, name, values)
    return known & {entity.key.text((value,)) for value in seen}


async def _admit_unmatched(write: WriteContext, unit: UnitOfWork, plan: ChildrenPlan) -> None:
    """Rows with keys that no current child has are new children, if clients choose keys and no record has this one.

    Children of other parents are left alone. Raises VALIDATION_FAILED for generated keys that no record has.
    """
    if not plan.unmatched:
        return
    entity = plan.entity
    known = await _known(write, unit, entity, [key for *_, key in plan.unmatched])
    details: list[Detail] = []
    for parent, index, row, key in plan.unmatched:
        if entity.key.text(key) in known:
            continue
        if not entity.key.generated:
            plan.insert(parent, index, row)
            continue
        name = entity.key.names[0]
        detail = {"field": name, "rule": "reference", "message": f"there is no {entity.name} with this {name}"}
        details.append(parent.child_place(plan.link, index).marks(detail))
    if details:
        raise RocketError("VALIDATION_FAILED", str(details[0]["message"]), details)
