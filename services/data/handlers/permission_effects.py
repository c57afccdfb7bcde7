"""What a changed set of permissions would open or close, by role and by user, with the records that it concerns."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from libs.shared import clock, exact
from libs.shared.contracts import permissions as contracts
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, invalid_field
from libs.shared.permissions.checks import Person
from libs.shared.schema import PolicyDefinition
from services.data.model import EntityModel
from services.data.model.version import check_current
from services.data.permissions.effect import AccessChange, Policies, changed_roles, changes_of
from services.data.permissions.effect_counts import counts_statement
from services.data.request.context import RequestContext
from services.data.request.schema_fence import under_schema

MAX_ROWS = 2_000
"""Differences of one response, of roles and of users each."""
MAX_COUNTING_S = 5.0
"""Seconds after which no more records are counted."""

Row = dict[str, Any]


@under_schema
async def compare_policies(ctx: RequestContext, request: contracts.ComparePolicies) -> Response:
    after = [PolicyDefinition.stored(document) for document in request.permissions]
    comparison = Comparison(ctx)
    for entity in _entities(ctx, request, after):
        new = [policy for policy in after if policy.entity == entity.name]
        for role in changed_roles(entity.policies, new):
            who = Person("", "", (role,), clock.now(), entity.salt)
            comparison.rows += await comparison.of(entity, new, who, {"role": role})
        for user_id, email, roles in request.people:
            who = Person(user_id, email, tuple(roles), clock.now(), entity.salt)
            named = {"user": {"id": user_id, "email": email}}
            comparison.users += await comparison.of(entity, new, who, named)
    await check_current(ctx.database, ctx.model)
    rows, users = comparison.rows[:MAX_ROWS], comparison.users[:MAX_ROWS]
    whole = len(rows) == len(comparison.rows) and len(users) == len(comparison.users)
    meta = {"users": users, "counted": comparison.is_counted, "complete": whole}
    return Response(body=exact.dumps({"data": rows, "meta": meta}))


def _entities(ctx: RequestContext, request: contracts.ComparePolicies, after: Policies) -> list[EntityModel]:
    """The entities that are compared. Raises VALIDATION_FAILED for an unknown one, and permissions for others."""
    if request.entity is None:
        return [ctx.model.entity(name) for name in ctx.model.schema.entities]
    if request.entity not in ctx.model.schema.entities:
        raise invalid_field("entity", f"Unknown entity: {request.entity}")
    for number, policy in enumerate(after):
        if policy.entity != request.entity:
            path = f"permissions.{number}.entity"
            raise invalid_field(path, f"{path} is {policy.entity}; only {request.entity} is compared")
    return [ctx.model.entity(request.entity)]


class Comparison:
    """The rows of a response; those of equal differences are counted once."""

    def __init__(self, ctx: RequestContext) -> None:
        self.rows: list[Row] = []
        self.users: list[Row] = []
        self.is_counted = True
        self._ctx = ctx
        self._until = clock.unix() + min(MAX_COUNTING_S, ctx.context.remaining() / 2)
        self._counts: dict[Any, list[tuple[int, int]] | None] = {}

    async def of(self, entity: EntityModel, new: Policies, who: Person, named: Row) -> list[Row]:
        """The differences for somebody, with what `named` says of them."""
        await asyncio.sleep(0)
        by_action: dict[str, list[AccessChange]] = {}
        for change in changes_of(entity, entity.policies, new, who.roles):
            by_action.setdefault(change.action, []).append(change)
        found = []
        for changes in by_action.values():
            counts = await self._count(entity, changes, who)
            for number, change in enumerate(changes):
                row: Row = {**named, "entity": entity.name, "action": change.action}
                if change.field is not None:
                    row["field"] = change.field
                gained, lost = (None, None) if counts is None else counts[number]
                records = None if gained is None or lost is None else gained + lost
                found.append(
                    {**row, "before": change.before, "after": change.after, "records": records,
                     "gained": gained, "lost": lost}
                )  # fmt: skip
        return found

    async def _count(
        self, entity: EntityModel, changes: Sequence[AccessChange], who: Person
    ) -> list[tuple[int, int]] | None:
        """The records that gain and lose by each change; None where they are not counted."""
        if changes[0].action == "create" or (changes[0].is_personal and not who.id):
            return None
        sql, values = counts_statement(entity, changes, who)
        key = entity.name, sql, repr(values)
        if key not in self._counts:
            self._counts[key] = await self._counted(sql, values, len(changes))
        return self._counts[key]

    async def _counted(self, sql: str, values: Sequence[Any], number: int) -> list[tuple[int, int]] | None:
        left = self._until - clock.unix()
        try:
            row = await self._ctx.database.fetchrow(sql, *values, timeout=left) if left > 0 else None
        except TimeoutError:
            row = None
        except RocketError as refusal:
            if refusal.code != "TIMEOUT":
                raise
            row = None
        if row is None:
            self.is_counted = False
            return None
        return [(row[f"gained_{n}"], row[f"lost_{n}"]) for n in range(number)]
