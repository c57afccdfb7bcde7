"""What a change would do: the statements, what is worth knowing, and the rows that stand against it.

The change is made within a transaction that is rolled back, but its statements are only listed: no
table is locked, and nobody waits for a plan.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared import exact
from libs.shared.contracts.context import Context
from libs.shared.schema import FieldDefinition
from libs.shared.schema.fields import TEXTS
from services.metadata.checking.expressions.problems import Told
from services.metadata.checking.references.people import Mention
from services.metadata.editing.change import Change, lock_version
from services.metadata.editing.warnings import absent
from services.metadata.model.identifiers import table_of
from services.metadata.model.schema import LiveEntity, Schema
from services.metadata.planning.indexes import Index, wanted
from services.metadata.state import State
from services.metadata.store import counting
from services.metadata.store import definitions as store
from services.metadata.tables import acyclic as trees
from services.metadata.tables.executor import Sketch

Work = Callable[[Change], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Plan:
    """`changes` are the definitions that would be touched; rows that violate uniqueness, or are their own ancestors,
    would refuse the change; those that violate another rule would stay, and be refused when they are next written.
    `doubts` are told beside the plan."""

    changes: list[dict[str, Any]]
    statements: list[str]
    warnings: list[str]
    violations: list[dict[str, Any]]
    doubts: list[Told]

    def shown(self) -> dict[str, Any]:
        """As the routes answer it."""
        return {
            "changes": self.changes,
            "statements": self.statements,
            "warnings": self.warnings,
            "violations": self.violations,
        }


class _Planned(Exception):
    """Ends the transaction of a plan, so that nothing of it stays."""

    def __init__(self, plan: Plan, mentions: Sequence[Mention]) -> None:
        super().__init__("planned")
        self.plan = plan
        self.mentions = mentions


async def plan_change(state: State, context: Context, work: Work) -> Plan:
    """What `work(change)` would do. Raises what `work` raises."""
    try:
        async with state.core.databases.of(context.the_app).transaction() as transaction:
            await lock_version(transaction)
            before = Schema.of(await store.list_shapes(transaction))
            known = {live.row.number: live for live in before.entities.values()}
            sketch = Sketch(transaction, known)
            change = Change(transaction, Schema(dict(before.entities), dict(before.relations)), sketch)
            await work(change)
            await change.finish_indexes()
            await change.finish_warnings()
            warnings = [*sketch.warnings, *_left_out(before, change.schema)]
            warnings += [f"{told['path']}: {told['message']}" for told in change.warnings]
            violations = [violation async for violation in _violations(change, known, before)]
            plan = Plan(changes_of(change), sketch.statements, warnings, violations, change.warnings)
            raise _Planned(plan, change.mentions)
    except _Planned as planned:
        planned.plan.doubts.extend(await absent(state, context, planned.mentions))
        return planned.plan


def changes_of(change: Change) -> list[dict[str, Any]]:
    """The definitions a change has touched, in order."""
    return [
        {"action": action, "kind": row.kind, **({"name": row.key} if row.key else {"id": row.id})}
        for action, row in change.touched
    ]


def _left_out(before: Schema, after: Schema) -> list[str]:
    """Fields whose data will be out of sight."""
    warnings = []
    for live in after.entities.values():
        old = next((e for e in before.entities.values() if e.row.number == live.row.number), None)
        here = {live.field_id(field.name) for field in live.definition.fields}
        for field in old.definition.fields if old else ():
            if old and old.field_id(field.name) not in here:
                warnings.append(f"{live.definition.name}.{field.name} is left out: its data stays, out of sight")
    return warnings


async def _violations(change: Change, known: Mapping[int, LiveEntity], before: Schema) -> AsyncIterator[dict[str, Any]]:
    for name, live in change.schema.entities.items():
        old = known.get(live.row.number)
        if old is None:
            continue
        had = wanted(before, old.definition.name)
        columns = {entry["id"]: column for column, entry in old.row.ids.items()}
        for index in wanted(change.schema, name).values():
            column = columns.get(live.field_id(index.field))
            if index.name in had or column is None:
                continue
            if index.unique and (rows := await _doubles(change, old, column, index)):
                yield {"entity": name, "field": index.field, "rule": "unique", "rows": rows}
            if rows := await counting.count_long(change.transaction, table_of(old.definition.table), column):
                yield {"entity": name, "field": index.field, "rule": "limit", "rows": rows}
        async for violation in _narrowed(change, live, old, columns):
            yield violation
        async for violation in _circling(change, live, old, columns):
            yield violation


async def _circling(
    change: Change, live: LiveEntity, old: LiveEntity, columns: Mapping[int, str]
) -> AsyncIterator[dict[str, Any]]:
    """Rows that are their own ancestors, or below one that is, by what is acyclic from now on."""
    name = live.definition.name
    for relation in (each.relation for each in change.schema.relations.values()):
        if relation.number in change.trees and relation.acyclic and relation.target == name:
            own, up = (columns.get(live.field_id(field)) for field in (relation.source_key, relation.target_key))
            if own and up and (rows := await trees.count(change.transaction, old, own, up)):
                yield {"entity": name, "field": relation.target_key, "rule": "acyclic", "rows": rows}


async def _narrowed(
    change: Change, live: LiveEntity, old: LiveEntity, columns: Mapping[int, str]
) -> AsyncIterator[dict[str, Any]]:
    """Rows that fields would not take any more."""
    for field in live.definition.fields:
        column = columns.get(live.field_id(field.name))
        if column is None:
            continue
        was = next((f for f in old.definition.fields if f.name == column), None)
        for rule, rows in await _misfits(change, table_of(old.definition.table), column, field, was):
            if rows:
                yield {"entity": live.definition.name, "field": field.name, "rule": rule, "rows": rows}


async def _misfits(
    change: Change, table: str, column: str, field: FieldDefinition, was: FieldDefinition | None
) -> list[tuple[str, int]]:
    found = []
    if field.required and not field.nullable and not (was and was.required and not was.nullable):
        found.append(("required", await counting.count_missing(change.transaction, table, column)))
    if field.type in TEXTS and was is not None and field.longest < was.longest:
        rows = await counting.count_longer(change.transaction, table, column, field.longest)
        found.append(("max_length", rows))
    if field.enum is not None and (was is None or was.enum != field.enum):
        allowed = exact.dumps(field.enum).decode()
        found.append(("enum", await counting.count_others(change.transaction, table, column, allowed)))
    return found


async def _doubles(change: Change, old: LiveEntity, column: str, index: Index) -> int:
    alive_only = index.alive_only and old.definition.soft_delete
    return await counting.count_doubles(change.transaction, table_of(old.definition.table), column, alive_only)
