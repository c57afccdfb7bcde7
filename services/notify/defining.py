"""Tests of channels and previews of templates, for those who define them."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import ValidationError

from libs.shared import clock, exact
from libs.shared.bodies import parse_body
from libs.shared.contracts import notifications as contracts
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.effects import FetchRecords
from libs.shared.contracts.messages import Response
from libs.shared.contracts.notification_bodies import ChannelTestBody, DraftBody, TemplatePreviewBody
from libs.shared.emails import is_address
from libs.shared.errors import detail_of, invalid, invalid_field, not_found
from libs.shared.ids import uuid7
from libs.shared.liquid_templates import TemplateError
from libs.shared.people import PeopleDirectory, look_up
from libs.shared.schema.notification_channels import EMAIL, IN_APP
from libs.shared.schema.notification_templates import NotificationTemplate
from libs.shared.schema.validation_errors import errors_in
from services.notify import store
from services.notify.channels.outgoing import Outgoing
from services.notify.definitions import NotificationDefinitions
from services.notify.linking import links_of
from services.notify.matching import NewNotification
from services.notify.rendering import page, render_template
from services.notify.retry_policy import SendOutcome
from services.notify.state import State

SUBJECT, TEXT = "Test of the channel {}", "This is a test message of {}. If you can read it, the channel works."


async def test_channel(state: State, context: Context, request: contracts.TestChannel) -> Response:
    """Send a test message now. Its outcome is the response; the log does not have it, but for the inbox."""
    app, to = context.the_app, parse_body(ChannelTestBody, request.body).to
    channel = (await _definitions(state, app)).channels.get(request.id)
    if channel is None:
        raise not_found("Notification channel")
    if channel.type == EMAIL and not is_address(to):
        raise invalid_field("to", "to must be a mail address")
    outgoing = Outgoing(
        str(uuid7()), to, SUBJECT.format(channel.name), TEXT.format(app.name), clock.now(), metadata={"test": True}
    )
    if channel.type == IN_APP:
        outcome = await _into_inbox(state, context, outgoing)
    else:
        outcome = await state.channel_types[channel.type].send(app, channel, outgoing)
    shown = {"status": "sent" if outcome.sent else "failed", **({"error": outcome.error} if outcome.error else {})}
    return Response(body=exact.dumps({"data": shown}))


async def _into_inbox(state: State, context: Context, outgoing: Outgoing) -> SendOutcome:
    app, to = context.the_app, outgoing.recipient or context.user.id
    asking = Context(context.trace_id, app=app, identity=SYSTEM, cause="notify").within(context.remaining())
    directory = PeopleDirectory()
    await look_up(state.core.rpc, asking, directory, **{"emails" if is_address(to) else "ids": {to}})
    person = directory.named(to)
    if person is None:
        return SendOutcome(False, f"there is no active user {to}", permanent=True)
    new = NewNotification(
        channel=IN_APP, recipient=person.email, subject=outgoing.subject, body=outgoing.text,
        effect_key=f"test/{outgoing.id}", user_id=person.id, trace_id=context.trace_id, origin="test",
    )  # fmt: skip
    async with state.transactions.begin(app) as transaction:
        await store.insert(transaction.connection, new, clock.now())
    return SendOutcome(True)


async def preview_template(state: State, context: Context, request: contracts.PreviewTemplate) -> Response:
    """A template as a person would get it, and the variables in it that have no value."""
    body = parse_body(TemplatePreviewBody, request.body)
    template = _draft(body.template) if body.template else None
    if template is None:
        template = (await _definitions(state, context.the_app)).templates.get(request.id)
    if template is None:
        raise not_found("Notification template")
    return await _preview(state, context, template, body)


async def preview_draft(state: State, context: Context, request: contracts.PreviewDraft) -> Response:
    """A template that is not saved, as a person would get it."""
    body = parse_body(TemplatePreviewBody, request.body)
    if body.template is None:
        raise invalid_field("template", "is required: the template that is not saved", "required")
    return await _preview(state, context, _draft(body.template), body)


async def _preview(
    state: State, context: Context, template: NotificationTemplate, body: TemplatePreviewBody
) -> Response:
    environment = await _environment(state, context, body)
    try:
        rendered = await asyncio.to_thread(render_template, template, environment, body.locale or None)
    except TemplateError as problem:
        raise invalid(f"The template can't be filled: {problem}", detail_of("body", str(problem))) from None
    shown = {
        "subject": rendered.subject,
        "text": rendered.text,
        "html": page(rendered.html) if rendered.html else None,
        "unknown": rendered.unknown,
    }
    return Response(body=exact.dumps({"data": shown}))


def _draft(draft: DraftBody) -> NotificationTemplate:
    """A template that is not saved. Raises VALIDATION_FAILED."""
    document = draft.model_dump()
    try:
        return NotificationTemplate.model_validate(document)
    except ValidationError as error:
        errors = errors_in(error, NotificationTemplate, document)
        path, message = errors[0]
        raise invalid(
            f"template.{path}: {message}", *(detail_of(f"template.{each}", what) for each, what in errors)
        ) from None


async def _environment(state: State, context: Context, body: TemplatePreviewBody) -> dict[str, Any]:
    """The variables: those that were given, or those of an update of the record by the caller."""
    app, who = context.the_app, context.user
    if body.context is not None:
        return body.context
    common = {
        "user": {"id": who.id, "email": who.email, "roles": list(who.roles)},
        "app": {"id": app.id, "name": app.name},
        "links": links_of(state.core.settings.public_url, app.name, body.entity, body.record_id),
    }
    if body.entity is None or body.record_id is None:
        raise invalid_field("entity", "entity and record_id, or context, must be given")
    if body.entity not in (await state.core.schemas.get(app)).entities:
        raise not_found("Entity")
    asking = Context(context.trace_id, app=app, identity=SYSTEM, cause="notify").within(context.remaining())
    [record] = (await state.core.rpc.request(FetchRecords([(body.entity, body.record_id)]), asking)).records
    if record is None:
        raise not_found("Record")
    changes = {name: {"old": value, "new": value} for name, value in record.items()}
    about = {"record": record, "old": record, "changes": changes, "action": "update", "entity": body.entity}
    return {**about, **common}


async def _definitions(state: State, app: AppRef) -> NotificationDefinitions:
    """The definitions of this moment: the caller may have saved just now."""
    state.core.schemas.forget(app.id)
    return await state.definitions.load(app)
