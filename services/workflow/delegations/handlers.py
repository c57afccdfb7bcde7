"""The endpoints of delegations: one's own, and for admins those of everybody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from libs.shared import clock, exact
from libs.shared.bodies import read_json, validate
from libs.shared.contracts.audit import audited
from libs.shared.contracts.context import Context
from libs.shared.contracts.delegations import (
    CreateDelegation,
    Delegates,
    DelegationBody,
    DelegationChanged,
    DeleteDelegation,
    FindDelegates,
    ListDelegations,
)
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, invalid_field, not_found
from libs.shared.ids import parse_uuid, uuid7
from libs.shared.paging import page_of
from libs.shared.people import Person
from libs.shared.schema.validation_errors import suggestion
from services.workflow.delegations import store
from services.workflow.delegations.store import NewDelegation
from services.workflow.directory import find_users
from services.workflow.state import State
from services.workflow.triggers import WorkflowIndex

MAX_DELEGATIONS = 50
"""Delegations of one user that have not ended."""
MAX_LENGTH = timedelta(days=366)
CLOCK_SKEW = timedelta(minutes=5)
"""How far in the past `from_time` may lie; earlier decisions can't be made any more."""


async def list_delegations(state: State, context: Context, request: ListDelegations) -> Response:
    """A page of delegations, latest end first."""
    query, user = dict(request.query), context.user
    page, every = page_of(query), query.get("all") == "true"
    if every and not user.is_admin:
        raise RocketError("FORBIDDEN", "Only admins see the delegations of everybody")
    database = state.database(context.the_app)
    only = None if every else user.id
    rows, total = await store.listing(database, only, query.get("active") == "true", page.size, page.offset)
    index = await state.workflows.load(context.the_app)
    return Response(body=exact.dumps({"data": [_named(row, index) for row in rows], "meta": page.meta(total)}))


async def create_delegation(state: State, context: Context, request: CreateDelegation) -> Response:
    """Have somebody decide in one's own place, or as an admin in that of somebody else."""
    body = validate(DelegationBody, read_json(request.body))
    app, user, now = context.the_app, context.user, clock.now()
    index = await state.workflows.load(app)
    new = await _checked(state, context, body, index)
    async with state.transactions.begin(app, emits=True) as transaction:
        if await store.count(transaction.connection, new.from_id, now) >= MAX_DELEGATIONS:
            raise RocketError("CONFLICT", f"At most {MAX_DELEGATIONS} delegations of one user can be open")
        shown = _named(await store.insert(transaction.connection, uuid7(), new, user.id, now), index)
        transaction.emit(_told(context, shown["id"], "create", None, shown))
    return Response(201, exact.dumps({"data": shown}))


async def delete_delegation(state: State, context: Context, request: DeleteDelegation) -> Response:
    """End a delegation at once. Decisions that were made by it hold."""
    delegation_id, user = parse_uuid(request.id), context.user
    if delegation_id is None:
        raise not_found("Delegation")
    index = await state.workflows.load(context.the_app)
    async with state.transactions.begin(context.the_app, emits=True) as transaction:
        before = await store.get(transaction.connection, delegation_id)
        only = None if user.is_admin else user.id
        if before is None or not await store.delete(transaction.connection, delegation_id, only):
            raise not_found("Delegation")
        transaction.emit(_told(context, str(delegation_id), "delete", _named(before, index), None))
    return Response(body=exact.dumps({"data": {"id": str(delegation_id), "deleted": True}}))


async def find_delegates(state: State, context: Context, request: FindDelegates) -> Delegates:
    """Who decides in the place of users now; asked by the notify service."""
    database = state.database(context.the_app)
    rows = await database.fetch(store.DELEGATES, request.users, clock.now(), request.workflow_id)
    return Delegates([(row["from_id"], row["to_id"]) for row in rows])


async def _checked(state: State, context: Context, body: DelegationBody, index: WorkflowIndex) -> NewDelegation:
    """Raises FORBIDDEN and VALIDATION_FAILED."""
    user, now = context.user, clock.now()
    if user.via == "workflow" or not parse_uuid(user.id) or user.scopes is not None:
        raise RocketError("FORBIDDEN", "Only users can delegate")
    delegator, delegate = await _people(state, context, body)
    if delegator.id != user.id and not user.is_admin:
        raise RocketError("FORBIDDEN", "Only admins may delegate in the place of others")
    if delegate.id == delegator.id:
        raise invalid_field("to", "to must be somebody else")
    begin = body.from_time or now
    if begin < now - CLOCK_SKEW:
        raise invalid_field("from_time", "from_time must not lie in the past")
    if not max(begin, now) < body.until <= begin + MAX_LENGTH:
        raise invalid_field("until", f"until must be later than from_time and now, by at most {MAX_LENGTH.days} days")
    ids = _workflow_ids(body.workflows, index)
    return NewDelegation(
        delegator.id, delegator.email, delegate.id, delegate.email, begin, body.until, ids, body.reason
    )


async def _people(state: State, context: Context, body: DelegationBody) -> tuple[Person, Person]:
    """Who delegates, and to whom."""
    user = context.user
    names = {"from": body.origin or user.id, "to": body.to}
    if names["from"] != user.id and not user.is_admin:
        own = user.email.lower() == names["from"].lower()
        if not own:
            raise RocketError("FORBIDDEN", "Only admins may delegate in the place of others")
    directory = await find_users(state, context, set(names.values()))
    found = {key: directory.named(name) for key, name in names.items()}
    for key, person in found.items():
        if person is None:
            raise invalid_field(key, f"{key}: there is no active user {names[key]}")
    delegator, delegate = found["from"], found["to"]
    assert delegator is not None and delegate is not None, "found above"
    return delegator, delegate


def _workflow_ids(names: Sequence[str] | None, index: WorkflowIndex) -> list[str] | None:
    if names is None:
        return None
    known = {each.definition.name: each.id for each in index.by_id.values()}
    ids = []
    for place, name in enumerate(names):
        found = known.get(name) or (name if name in index.by_id else None)
        if found is None:
            raise invalid_field(f"workflows.{place}", f"there is no workflow {name}{suggestion(name, known)}")
        ids.append(found)
    return sorted(set(ids))


def _named(row: dict[str, Any], index: WorkflowIndex) -> dict[str, Any]:
    """A delegation with the names of its workflows; those of deleted ones are left out."""
    ids = row["workflows"]
    names = None if ids is None else sorted(index.by_id[each].definition.name for each in ids if each in index.by_id)
    return {**row, "workflows": names}


def _told(
    context: Context, delegation_id: str, action: str, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> DelegationChanged:
    fields = audited(context, "_delegations", delegation_id, action, before, after)
    return DelegationChanged(trace_id=context.trace_id, **fields)
