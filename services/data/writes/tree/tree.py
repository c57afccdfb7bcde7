"""Saves records with their nested rows, level by level: each level and relation takes a few statements, however many
rows there are.

A level: permissions are checked, its records prepared and written; then, relation by relation, pairs are attached and
detached, children deleted, updated and inserted. Deletions go first, so that the unique values of replaced children are
free for their successors. Records whose computed fields read the children that come with them are decided last.
"""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared.errors import RocketError, not_found
from libs.shared.telemetry import tracing
from services.data.model import EntityModel, Link
from services.data.permissions import EVERYTHING, Grant, grant_for
from services.data.writes.consequences.deletion import remove
from services.data.writes.consequences.transition_actions import changes_records, perform
from services.data.writes.context.drafts import Draft, refuse_invalid
from services.data.writes.context.write_context import WriteContext
from services.data.writes.deciding import decisions
from services.data.writes.preparing.field_permissions import check_fields, check_relations
from services.data.writes.preparing.preparing import prepare, validate
from services.data.writes.preparing.readable_references import refuse_hidden
from services.data.writes.preparing.references import missing_references, refuse_moved_anchors
from services.data.writes.statements.changes import Action, RowChange, Values
from services.data.writes.statements.unit_of_work import RowRefused, UnitOfWork
from services.data.writes.synchronous_webhooks.collecting import collect_writes
from services.data.writes.tree.children import ChildrenPlan, plan_children
from services.data.writes.tree.many_to_many import save_pairs
from services.data.writes.tree.nested import Members, by_link

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
        self, entity: EntityModel, action: Action, drafts: Sequence[Draft], grant: Grant = EVERYTHING, depth: int = 0
    ) -> None:
        """Write records that `grant` covers, then their children. Each draft's `written` says what became of it.

        Raises what preparing raises; CONFLICT, FORBIDDEN and VALIDATION_FAILED with the record's place.
        """
        _refuse_ungranted(entity, grant, drafts)
        check_fields(self.write, entity, action, drafts)
        check_relations(self.write, entity, action, drafts)
        touched = [draft for draft in drafts if action is Action.CREATE or draft.body]
        later, own = list[Draft](), list[Draft]()
        for draft in touched:
            (later if self._is_decided_later(entity, action, draft) else own).append(draft)
        is_alone = entity.number not in self.write.model.totals.by_number
        is_all = depth == 0 and is_alone and not any(draft.nested for draft in drafts)
        await self._save_own(entity, action, own, is_all)
        await self._begin(entity, action, later)
        for link, members in by_link(drafts):
            await self._save_nested(link, members, depth + 1)
        await (self._complete(entity, later) if action is Action.CREATE else self._save_own(entity, action, later))

    def _is_decided_later(self, entity: EntityModel, action: Action, draft: Draft) -> bool:
        """Whether computed fields of a record read children that come with it, and so must wait for them."""
        read = self.write.model.totals.by_parent.get(entity.name, frozenset())
        moves = action is Action.UPDATE and any(link.own in draft.body for link, _ in draft.nested)
        return not moves and any(link.relation.name in read for link, _ in draft.nested)

    async def _save_own(
        self, entity: EntityModel, action: Action, drafts: Sequence[Draft], is_all: bool = False
    ) -> None:
        if not drafts:
            return
        connection = self.unit.transaction
        changes = await prepare(self.write, connection, entity, action, drafts)
        await refuse_hidden(self.write, connection, entity, drafts)
        await refuse_moved_anchors(connection, self.write.model, entity, drafts)
        effective = [n for n, change in enumerate(changes) if action is Action.CREATE or change.values]
        changed = [drafts[n] for n in effective]
        collect_writes(self.write, entity, action, changed)
        # What may be rolled back must not take a position.
        is_all = is_all and self.write.consent is None and not any(changes_records(draft.effects) for draft in drafts)
        await self._apply(entity, action, [changes[n] for n in effective], changed, is_all)
        await decisions.check_after(self.write, connection, entity, action, changed)
        await perform(self.write, self.unit, [effect for draft in drafts for effect in draft.effects])

    async def _begin(self, entity: EntityModel, action: Action, drafts: Sequence[Draft]) -> None:
        """What must be done before the children: new records are inserted undecided, stored ones are validated."""
        if action is not Action.CREATE or not drafts:
            await validate(entity, action, drafts)
            return
        changes = await prepare(self.write, self.unit.transaction, entity, action, drafts, decided=False)
        await self._apply(entity, action, changes, drafts)

    async def _complete(self, entity: EntityModel, drafts: Sequence[Draft]) -> None:
        """Decide new records whose children are written; the decided values become part of their first version."""
        if not drafts:
            return
        connection = self.unit.transaction
        begun = [dict(draft.values) for draft in drafts]
        keys = [entity.key.parse(draft.written.key) for draft in drafts if draft.written]
        for draft, key in zip(drafts, keys, strict=True):
            draft.values |= dict(zip(entity.key.names, key, strict=True))
        await decisions.decide(self.write, connection, entity, Action.CREATE, drafts)
        collect_writes(self.write, entity, Action.CREATE, drafts)
        changes = [
            self.write.change(key, _differing(draft.values, old, entity.key.names), None, draft.effects)
            for key, draft, old in zip(keys, drafts, begun, strict=True)
        ]
        try:
            outcome = await self.unit.amend(entity, changes)
        except RowRefused as refused:
            raise _placed(refused, drafts) from None
        for draft, written in zip(drafts, outcome, strict=True):
            draft.written = written or draft.written
        await decisions.check_after(self.write, connection, entity, Action.CREATE, drafts)
        await perform(self.write, self.unit, [effect for draft in drafts for effect in draft.effects])

    async def _save_nested(self, link: Link, members: Members, depth: int) -> None:
        self._count(link, members, depth)
        if link.relation.joined:
            with _child_span(link):
                await save_pairs(self.write, self.unit, link, members)
            return
        with tracing.span("engine", "writer", "nested_write.plan", link.entity) as span:
            plan = await plan_children(self.write, self.unit, link, members)
            counts = {"inserts": len(plan.inserts), "updates": len(plan.updates), "deletes": len(plan.deletes)}
            span.set_metadata(relation=link.relation.name, **counts)
        with _child_span(link):
            await self._carry_out(plan, depth)

    async def _carry_out(self, plan: ChildrenPlan, depth: int) -> None:
        await remove(self.write, self.unit, plan.entity, plan.deletes)
        if plan.updates:
            grant = grant_for(plan.entity, "update", self.write.caller)
            await self.save(plan.entity, Action.UPDATE, plan.updates, grant, depth)
        if plan.inserts:
            grant_for(plan.entity, "create", self.write.caller)
            await self.save(plan.entity, Action.CREATE, plan.inserts, depth=depth)

    async def _apply(
        self,
        entity: EntityModel,
        action: Action,
        changes: Sequence[RowChange],
        drafts: Sequence[Draft],
        is_all: bool = False,
    ) -> None:
        """Change rows, each of which must be there. Errors name the row that could not be changed."""
        try:
            outcome = await self.unit.apply(entity, action, changes, is_all)
        except RowRefused as refused:
            raise _placed(refused, drafts) from None
        missing = [n for n, written in enumerate(outcome) if written is None]
        if missing:
            await self._explain(entity, [drafts[n] for n in missing], [changes[n] for n in missing])
        for draft, written in zip(drafts, outcome, strict=True):
            draft.written = written
            if entity.trees and written is not None:
                self.unit.marks[entity.number, written.key] = draft.mark

    async def _explain(self, entity: EntityModel, drafts: Sequence[Draft], changes: Sequence[RowChange]) -> None:
        """Why rows were left out: another schema, missing references, or no such row. Always raises."""
        await self.unit.check_schema()
        found = await missing_references(self.unit.transaction, entity, changes)
        refuse_invalid([detail for draft, own in zip(drafts, found, strict=True) for detail in draft.mark(own)])
        raise drafts[0].refuse(not_found("Record"))

    def _count(self, link: Link, members: Members, depth: int) -> None:
        self._rows += sum(len(nested.rows) for _, nested in members)
        if self._rows > MAX_CHILDREN or depth > MAX_DEPTH:
            name = link.relation.name
            message = f"{name}: at most {MAX_CHILDREN} nested rows in {MAX_DEPTH} levels are allowed"
            raise RocketError("VALIDATION_FAILED", message, [{"relation": name, "message": message}])


def _child_span(link: Link) -> tracing.Span:
    """The span of what is done to the records of one relation, on one level."""
    span = tracing.span("engine", "writer", "nested_write.child", link.entity)
    span.metadata = {"relation": link.relation.name}
    return span


def _placed(refused: RowRefused, drafts: Sequence[Draft]) -> RocketError:
    return refused.error if refused.place is None else drafts[refused.place].refuse(refused.error)


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
