"""Records with their children, level by level: whatever their number, each level and relation is a few statements."""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared.errors import RocketError, not_found, summary
from services.data.model import EntityModel, Link
from services.data.permissions import EVERYTHING, Grant
from services.data.writes.consequences.transition_actions import changes_records, perform
from services.data.writes.context.drafts import Draft, prepare, validate
from services.data.writes.context.write_context import WriteContext
from services.data.writes.deciding import decisions
from services.data.writes.deciding.decisions import as_text
from services.data.writes.preparing.field_permissions import check_fields, check_relations
from services.data.writes.preparing.readable_references import refuse_hidden
from services.data.writes.preparing.references import missing_references, refuse_moved_anchors
from services.data.writes.statements.changes import Action, RowChange, Values, Written
from services.data.writes.statements.unit_of_work import RowRefused, UnitOfWork
from services.data.writes.synchronous_webhooks.rehearsal import note_writes
from services.data.writes.tree import children, many_to_many
from services.data.writes.tree.instructions import Instruction
from services.data.writes.tree.nodes import Members, Node

MAX_DEPTH = 10
"""Levels of children."""
MAX_CHILDREN = 10_000
"""Rows of all nested writes of a request."""


class Tree:
    """One nested write within its commit."""

    def __init__(self, write: WriteContext, unit: UnitOfWork) -> None:
        self.write = write
        self.unit = unit
        self._rows = 0

    async def save(
        self, entity: EntityModel, action: Action, nodes: Sequence[Node], grant: Grant = EVERYTHING, depth: int = 0
    ) -> None:
        """Store records that `grant` covers, then their children. Each node's `written` says what became of it.

        Raises what preparing raises; CONFLICT, FORBIDDEN and VALIDATION_FAILED with the record's place.
        """
        drafts = [node.draft for node in nodes]
        _refuse_ungranted(entity, grant, drafts)
        check_fields(self.write, entity, action, drafts)
        check_relations(self.write, entity, action, nodes)
        touched = [node for node in nodes if action is Action.CREATE or node.draft.body]
        later, own = list[Node](), list[Node]()
        for node in touched:
            (later if self._is_decided_later(entity, action, node) else own).append(node)
        is_alone = entity.number not in self.write.model.totals.by_number
        is_all = depth == 0 and is_alone and not any(node.nested for node in nodes)
        await self._save_own(entity, action, own, is_all)
        await self._begin(entity, action, later)
        await self._save_children(nodes, depth)
        await (self._complete(entity, later) if action is Action.CREATE else self._save_own(entity, action, later))

    def _is_decided_later(self, entity: EntityModel, action: Action, node: Node) -> bool:
        """Whether what is computed of a record is made of children that come with it, and so must wait for them."""
        read = self.write.model.totals.by_parent.get(entity.name, frozenset())
        moves = action is Action.UPDATE and any(link.own in node.draft.body for link, _ in node.nested)
        return not moves and any(link.relation.name in read for link, _ in node.nested)

    async def _begin(self, entity: EntityModel, action: Action, nodes: Sequence[Node]) -> None:
        """What must be there before the children: new records, not decided yet; of stored ones, their check."""
        drafts = [node.draft for node in nodes]
        if action is not Action.CREATE or not nodes:
            await validate(entity, action, drafts)
            return
        connection = self.unit.transaction
        changes = await prepare(self.write, connection, entity, action, drafts, decided=False)
        for node, written in zip(nodes, await self.apply(entity, action, changes, drafts), strict=True):
            node.written = written

    async def _complete(self, entity: EntityModel, nodes: Sequence[Node]) -> None:
        """Decide new records whose children are there, and have them be from their first version what they become."""
        if not nodes:
            return
        connection, drafts = self.unit.transaction, [node.draft for node in nodes]
        begun = [dict(draft.values) for draft in drafts]
        keys = [entity.key.parse(node.written.key) for node in nodes if node.written]
        for draft, key in zip(drafts, keys, strict=True):
            draft.values |= dict(zip(entity.key.names, key, strict=True))
        await decisions.decide(self.write, connection, entity, Action.CREATE, drafts)
        note_writes(self.write, entity, Action.CREATE, nodes)
        changes = [
            self.write.change(key, _differing(draft.values, old, entity.key.names), None, as_text(draft.effects))
            for key, draft, old in zip(keys, drafts, begun, strict=True)
        ]
        try:
            outcome = await self.unit.amend(entity, changes)
        except RowRefused as refused:
            raise (refused.error if refused.place is None else drafts[refused.place].refuse(refused.error)) from None
        for node, written in zip(nodes, outcome, strict=True):
            node.written = written or node.written
        texts = [node.written.record_text for node in nodes if node.written]
        await decisions.check_after(self.write, connection, entity, Action.CREATE, drafts, texts)
        await perform(self.write, self.unit, [effect for draft in drafts for effect in draft.effects])

    async def _save_children(self, nodes: Sequence[Node], depth: int) -> None:
        for link, members in _by_link(nodes):
            self._count(link, members, depth + 1)
            if link.relation.joined:
                await many_to_many.save(self, link, members)
            else:
                await children.save(self, link, members, depth + 1)

    async def _save_own(self, entity: EntityModel, action: Action, nodes: Sequence[Node], is_all: bool = False) -> None:
        if not nodes:
            return
        connection = self.unit.transaction
        drafts = [node.draft for node in nodes]
        changes = await prepare(self.write, connection, entity, action, drafts)
        await refuse_hidden(self.write, connection, entity, drafts)
        await refuse_moved_anchors(connection, self.write.model, entity, drafts)
        effective = [n for n, change in enumerate(changes) if action is Action.CREATE or change.values]
        chosen = [changes[n] for n in effective]
        note_writes(self.write, entity, action, [nodes[n] for n in effective])
        # What may be taken back must not take a position.
        is_all = is_all and self.write.approval is None and not any(changes_records(draft.effects) for draft in drafts)
        outcome = await self.apply(entity, action, chosen, [drafts[n] for n in effective], is_all)
        for n, written in zip(effective, outcome, strict=True):
            nodes[n].written = written
        texts = [written.record_text for written in outcome]
        await decisions.check_after(self.write, connection, entity, action, [drafts[n] for n in effective], texts)
        await perform(self.write, self.unit, [effect for draft in drafts for effect in draft.effects])

    async def apply(
        self,
        entity: EntityModel,
        action: Action,
        changes: Sequence[RowChange],
        drafts: Sequence[Draft],
        is_all: bool = False,
    ) -> list[Written]:
        """Change rows, each of which must be there; errors say which one could not."""
        try:
            outcome = await self.unit.apply(entity, action, changes, is_all)
        except RowRefused as refused:
            raise (refused.error if refused.place is None else drafts[refused.place].refuse(refused.error)) from None
        missing = [n for n, written in enumerate(outcome) if written is None]
        if missing:
            await self._explain(entity, [drafts[n] for n in missing], [changes[n] for n in missing])
        done = [written for written in outcome if written is not None]
        if entity.trees:
            named = ((entity.number, written.key) for written in done)
            self.unit.marks.update(zip(named, (draft.mark for draft in drafts), strict=True))
        return done

    async def _explain(self, entity: EntityModel, drafts: Sequence[Draft], changes: Sequence[RowChange]) -> None:
        """Why rows were left out: another schema, missing references, or no such row. Always raises."""
        await self.unit.check_schema()
        found = await missing_references(self.unit.transaction, entity, changes)
        details = [detail for draft, own in zip(drafts, found, strict=True) for detail in draft.mark(own)]
        if details:
            raise RocketError("VALIDATION_FAILED", summary(details[0]), details)
        raise drafts[0].refuse(not_found("Record"))

    def _count(self, link: Link, members: Members, depth: int) -> None:
        self._rows += sum(len(instruction.rows) for _, instruction in members)
        if self._rows > MAX_CHILDREN or depth > MAX_DEPTH:
            name = link.relation.name
            message = f"{name}: at most {MAX_CHILDREN} nested rows in {MAX_DEPTH} levels are allowed"
            raise RocketError("VALIDATION_FAILED", message, [{"relation": name, "message": message}])


def _differing(values: Values, before: Values, keys: Sequence[str]) -> Values:
    return {
        name: value
        for name, value in values.items()
        if name not in keys and (name not in before or before[name] != value)
    }


def _refuse_ungranted(entity: EntityModel, grant: Grant, drafts: Sequence[Draft]) -> None:
    for draft in drafts:
        if draft.stored is not None and not grant.covers(draft.stored.record):
            raise draft.refuse(RocketError("FORBIDDEN", f"You may not change this {entity.name}"))


def _by_link(nodes: Sequence[Node]) -> list[tuple[Link, list[tuple[Node, Instruction]]]]:
    grouped: dict[str, tuple[Link, list[tuple[Node, Instruction]]]] = {}
    for node in nodes:
        for link, instruction in node.nested:
            grouped.setdefault(link.relation.name, (link, []))[1].append((node, instruction))
    return list(grouped.values())
