"""The plan of a change: its statements, its warnings, and the rows that violate it.

The change is made in a transaction that is rolled back, and its statements are only listed: no table is locked, and
nothing waits for a dry run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from libs.shared.contracts.context import Context
from libs.shared.postgres.databases import Connection
from services.metadata.checking.expression_errors import DefinitionWarning
from services.metadata.editing import finishing, warnings
from services.metadata.editing.change import Change
from services.metadata.editing.kinds import HOOKS
from services.metadata.editing.notifications import refuse_deleting_used
from services.metadata.editing.transaction import Work, lock_version
from services.metadata.editing.violations import violations_of
from services.metadata.model.schema import LiveSchema
from services.metadata.state import State
from services.metadata.store import definitions
from services.metadata.tables.executor import DryRunExecutor


@dataclass(frozen=True, slots=True)
class SchemaPlan:
    """The plan of a change. `changes` are the definitions that it would change.

    `violations` are rows: those that violate uniqueness, or are their own ancestors, would refuse the change; the
    others would stay, and be refused when they are next written. `warnings` are the change's own.
    """

    changes: list[dict[str, Any]]
    statements: list[str]
    notices: list[str]
    violations: list[dict[str, Any]]
    warnings: list[DefinitionWarning]

    def to_dict(self) -> dict[str, Any]:
        """The plan as responses contain it, beside the warnings of the change."""
        return {
            "changes": self.changes,
            "statements": self.statements,
            "warnings": self.notices,
            "violations": self.violations,
        }


class _Planned(Exception):
    """Ends the transaction of a dry run, so that nothing of it stays."""

    def __init__(self, plan: SchemaPlan, change: Change) -> None:
        super().__init__("planned")
        self.plan = plan
        self.change = change


async def plan_change(state: State, context: Context, work: Work[Any]) -> SchemaPlan:
    """What `work(change)` would do. Raises what `work` raises."""
    try:
        async with state.core.databases.of(context.the_app).transaction() as transaction:
            await lock_version(transaction)
            raise await _plan(transaction, work)
    except _Planned as planned:
        change = planned.change
        change.warnings += await warnings.unknown_people(state, context, change.mentions)
        return planned.plan


async def _plan(transaction: Connection, work: Work[Any]) -> _Planned:
    schema = LiveSchema.of(await definitions.list_shapes(transaction))
    before = {live.row.number: live for live in schema.entities.values()}
    executor = DryRunExecutor(transaction, before)
    change = Change(transaction, schema, executor, HOOKS)
    await work(change)
    await finishing.fit_indexes(change)
    await finishing.check_sub_workflows(change)
    await refuse_deleting_used(change)
    await finishing.add_warnings(change)
    notices = [*executor.warnings, *_left_out(change.schema_before, change.schema)]
    notices += [f"{warning['path']}: {warning['message']}" for warning in change.warnings]
    violations = [violation async for violation in violations_of(change, before)]
    return _Planned(SchemaPlan(changes_of(change), executor.statements, notices, violations, change.warnings), change)


def changes_of(change: Change) -> list[dict[str, Any]]:
    """The definitions that a change has touched, in order, and the shared views."""
    changes = [
        {"action": action, "kind": row.kind, **({"name": row.key} if row.key else {"id": row.id})}
        for action, row in change.touched
    ]
    for before, after in change.views:
        if (view := after or before) is not None and view.is_shared:
            action = "create" if before is None else "delete" if after is None else "update"
            changes.append({"action": action, "kind": "views", "name": view.title})
    return changes


def _left_out(before: LiveSchema, after: LiveSchema) -> Iterator[str]:
    """Warns of fields whose data will be out of sight."""
    known = {live.row.number: live for live in before.entities.values()}
    for live in after.entities.values():
        here = {live.field_id(field.name) for field in live.definition.fields}
        old = known.get(live.row.number)
        for field in old.definition.fields if old else ():
            if old and old.field_id(field.name) not in here:
                yield f"{live.definition.name}.{field.name} is left out: its data stays, out of sight"
