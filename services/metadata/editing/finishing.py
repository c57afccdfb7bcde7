"""Finishes a change, once: indexes, checks for cycles, warnings."""

from __future__ import annotations

import asyncio

from libs.shared.errors import invalid_field
from libs.shared.schema.validation_errors import suggestion
from services.metadata.checking.expression_errors import ExpressionReview, expression_warnings
from services.metadata.checking.references.workflows import workflows_started
from services.metadata.editing import warnings
from services.metadata.editing.change import Change
from services.metadata.planning.indexes import wanted_indexes
from services.metadata.tables import acyclic


async def fit_indexes(change: Change) -> None:
    """Build and drop the indexes of changed entities. Raises CONFLICT where rows exclude one another."""
    for entity in change.to_index:
        live = change.schema.entities.get(entity)
        if live is not None:
            await change.executor.fit_indexes(live, wanted_indexes(change.schema, entity))


async def check_acyclic(change: Change) -> None:
    """Raises VALIDATION_FAILED where there are cycles in a relation that is acyclic from now on."""
    relations = [live.relation for live in change.schema.relations.values()]
    changed = [each for each in relations if each.acyclic and each.number in change.to_check_acyclic]
    await acyclic.hold(change.transaction, change.schema.entities, changed)
    await acyclic.refuse_cycles(change.transaction, change.schema.entities, changed)


async def check_sub_workflows(change: Change) -> None:
    """Raises VALIDATION_FAILED where a workflow that was sent starts one that does not exist after the change."""
    sent = [row for _, row in change.touched if row.kind == "workflows" and row.id in change.paths]
    started = [(row, path, name) for row in sent for path, name in workflows_started(row.document)]
    if not started:
        return
    known = [str(row.key) for row in await change.of_kind("workflows")]
    for row, path, name in started:
        if name not in known:
            prefix = f"{change.paths[row.id]}." if change.paths[row.id] else ""
            raise invalid_field(f"{prefix}{path}", f"{path}: there is no workflow {name}{suggestion(name, known)}")


async def add_warnings(change: Change) -> None:
    """Add the errors and warnings after the change. Runs in a thread, as there may be many definitions."""
    reviews = change.reviews
    for row in await change.others() if change.watched else ():
        if row.id in change.watched:
            reviews.append(ExpressionReview(row.title, row.kind, row.document, change.watched[row.id]))
    change.warnings += await asyncio.to_thread(expression_warnings, reviews, change.schema) if reviews else ()
    await warnings.add_contradictions(change)
