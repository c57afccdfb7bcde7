"""Whole documents: exported, imported, planned and applied."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from functools import partial
from typing import Any

from libs.shared import clock, exact
from libs.shared.bus.outbox.relay_calls import call_relay
from libs.shared.contracts import apps as contracts
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import invalid_field
from libs.shared.ids import uuid7
from libs.shared.postgres.databases import after_commit
from services.metadata.checking.secrets import Encrypt, encrypting
from services.metadata.editing.change import Change
from services.metadata.editing.dry_run import changes_of, plan_change
from services.metadata.editing.transaction import change_schema
from services.metadata.handlers import replies
from services.metadata.handlers.replies import with_warnings
from services.metadata.import_export import importing, records
from services.metadata.import_export.applying import apply
from services.metadata.import_export.document import Document, read
from services.metadata.import_export.exporting import document_of
from services.metadata.state import State
from services.metadata.store import definitions, sample_records, views

CAUSE = "import"
"""The cause of imported records in the log; workflows, webhooks and notifications ignore them."""


async def export_app(state: State, context: Context, request: contracts.ExportApp) -> Response:
    database = state.core.databases.of(context.the_app)
    rows, shared = await definitions.list_all(database), await views.list_shared(database)
    return replies.data(document_of(rows, shared, clock.now()))


async def import_app(state: State, context: Context, request: contracts.ImportApp) -> Response:
    document = await asyncio.to_thread(read, request.body, _encrypting(state, context), needs_version=False)
    if document.prune:
        raise invalid_field("prune", "prune is for schema/plan and schema/apply: an import deletes nothing")
    core, app = state.core, context.the_app
    call = partial(call_relay, core.databases, core.connection, "data", app.id)
    if document.samples:
        await call()
    outcome, change = await change_schema(state, context, lambda change: _import(change, context, document))
    answer = replies.data(outcome.to_dict())
    if outcome.position:
        # Once more, should the relay have come to rest in between.
        await after_commit(call)
        answer = replace(answer, headers={"X-Commit": str(outcome.position)})
    return with_warnings(answer, change.warnings)


async def plan_schema(state: State, context: Context, request: contracts.PlanSchema) -> Response:
    document = await asyncio.to_thread(read, request.body, _encrypting(state, context))
    plan = await plan_change(state, context, lambda change: apply(change, document, document.prune, context.user))
    return with_warnings(replies.data(plan.to_dict()), plan.warnings)


async def apply_schema(state: State, context: Context, request: contracts.ApplySchema) -> Response:
    document = await asyncio.to_thread(read, request.body, _encrypting(state, context))

    async def work(change: Change) -> list[dict[str, Any]]:
        await apply(change, document, document.prune, context.user)
        return changes_of(change)

    changes, change = await change_schema(state, context, work)
    return with_warnings(replies.data({"changes": changes}), change.warnings)


def _encrypting(state: State, context: Context) -> Encrypt:
    return encrypting(state.core.settings.secret_key, context.the_app.id)


async def _import(change: Change, context: Context, document: Document) -> importing.Outcome:
    outcome = await importing.define(change, document, context.user)
    prepared = await records.prepare(change, document, outcome.created, clock.now())

    async def insert(version: int) -> None:
        outcome.records, outcome.position = await records.insert(change, prepared, _commit(context), version)

    if prepared:
        change.at_the_end = insert
    return outcome


def _commit(context: Context) -> sample_records.CommitInfo:
    who = context.user
    document = {
        "actor": {"id": who.id, "email": who.email, "roles": who.roles, "via": who.via},
        "origin": {"ip": context.ip, "user_agent": context.user_agent},
        "cause": CAUSE,
        "cause_depth": context.cause_depth,
    }
    return sample_records.CommitInfo(uuid7(), exact.dumps(document).decode(), uuid.UUID(context.trace_id))
