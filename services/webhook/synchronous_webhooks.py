"""Sends a write to its synchronous webhooks before the commit: concurrently, each with its own timeout."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared import clock, exact
from libs.shared.contracts.context import AppRef, Context
from libs.shared.contracts.webhooks import MAX_SYNCHRONOUS_WEBHOOKS, AskSynchronousWebhooks
from libs.shared.errors import invalid
from libs.shared.telemetry import tracing
from services.webhook import endpoint_store, store
from services.webhook.deliveries import QUESTION, NewDelivery
from services.webhook.health import HEALTHY, Health, is_ailing, is_away
from services.webhook.health_updates import HealthEvent
from services.webhook.matching import Webhook, delivery_for
from services.webhook.payload import idempotency_key
from services.webhook.sending import AttemptOutcome, WebhookRequest
from services.webhook.signing import Salts
from services.webhook.state import State

MARGIN_S = 0.5
"""Seconds reserved for the log after all responses."""
MAX_REQUESTS_PER_ENDPOINT = 8
"""Concurrent requests to one endpoint."""
MAX_REASON_CHARACTERS = 500
ALLOWED, REFUSED, AWAY = "allowed", "refused", "away"

Verdict = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SynchronousRequest:
    """A request to an endpoint, with its webhook and delivery."""

    webhook: Webhook
    delivery: NewDelivery
    request: WebhookRequest


async def ask_all(state: State, context: Context, rpc_request: AskSynchronousWebhooks) -> list[Verdict]:
    """The verdicts of endpoints, in the order of the request. Every response is logged."""
    app = context.the_app
    documents = exact.loads(rpc_request.body)
    if len(documents) > MAX_SYNCHRONOUS_WEBHOOKS:
        raise invalid(f"A write can call at most {MAX_SYNCHRONOUS_WEBHOOKS} synchronous webhooks")
    asked = await _prepared(state, context, rpc_request, documents)
    urls = {one.webhook.id: one.webhook.definition.url for one in asked if one}
    health = await endpoint_store.load_health(state.core.databases.of(app), urls)
    seconds = min(context.remaining() - MARGIN_S, state.settings.webhook_sync_timeout)
    outcomes = await _ask_in_time(state, asked, health, seconds)
    sent = [(one, outcome) for one, outcome in zip(asked, outcomes, strict=True) if one]
    await _write_down(state, app, context.trace_id, sent, health)
    return [
        verdict_of(one.webhook, outcome) if one else (ALLOWED, "") for one, outcome in zip(asked, outcomes, strict=True)
    ]


async def _prepared(
    state: State, context: Context, rpc_request: AskSynchronousWebhooks, documents: Sequence[Mapping[str, Any]]
) -> list[SynchronousRequest | None]:
    """The requests; None where a webhook has been deleted or is not synchronous any more."""
    app = context.the_app
    index = await state.webhooks.load(app, rpc_request.schema_version)
    ids = {str(document["webhook_id"]) for document in documents}
    salts = await endpoint_store.load_salts(state.core.databases.of(app), sorted(ids))
    asked: list[SynchronousRequest | None] = []
    for number, document in enumerate(documents):
        webhook = index.by_id.get(str(document["webhook_id"]))
        if webhook is None or not webhook.definition.is_question:
            asked.append(None)
            continue
        delivery = _delivery(context, webhook, document, f"{rpc_request.commit_id}/{number}")
        asked.append(
            SynchronousRequest(
                webhook, delivery, _request(state, app, webhook, delivery, salts.get(webhook.id, Salts()))
            )
        )
    return asked


def _delivery(context: Context, webhook: Webhook, document: Mapping[str, Any], place: str) -> NewDelivery:
    definition, now = webhook.definition, clock.now()
    # A repeated request is a new delivery.
    commit_key = f"question/{place}/{int(now.timestamp() * 1_000_000)}"
    key = idempotency_key(context.the_app.id, webhook.id, commit_key)
    payload: dict[str, Any] = {"event": definition.hook}
    payload |= {name: document[name] for name in ("entity", "action", "record", "old", "changes") if name in document}
    payload["user"] = {"id": context.user.id, "roles": list(context.user.roles)}
    payload |= {"timestamp": clock.iso(now), "idempotency_key": key}
    return delivery_for(
        webhook,
        commit_key,
        key,
        payload,
        record_id=document["record_id"],
        trace_id=context.trace_id,
        origin=QUESTION,
    )


def _request(state: State, app: AppRef, webhook: Webhook, delivery: NewDelivery, salts: Salts) -> WebhookRequest:
    longest = state.settings.webhook_sync_timeout
    return WebhookRequest(
        delivery.method,
        delivery.url,
        delivery.headers,
        delivery.body,
        delivery.idempotency_key,
        state.requests.keys(app, webhook.id, salts, clock.now()),
        min(longest, webhook.definition.timeout or longest),
    )


async def _ask_in_time(
    state: State, asked: Sequence[SynchronousRequest | None], health: Mapping[str, Health], seconds: float
) -> list[AttemptOutcome]:
    """All outcomes. An endpoint without a response in time is away."""
    turns: dict[str, asyncio.Semaphore] = {}

    async def one(rpc_request: SynchronousRequest | None) -> AttemptOutcome:
        if rpc_request is None:
            return AttemptOutcome(None, None, None)
        known = health.get(rpc_request.webhook.id, HEALTHY)
        if is_away(known, clock.now()):
            return AttemptOutcome(
                None, None, f"the circuit is {known.circuit}: {known.last_error}", started=clock.now()
            )
        started = clock.now()
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                async with turns.setdefault(rpc_request.webhook.id, asyncio.Semaphore(MAX_REQUESTS_PER_ENDPOINT)):
                    return await _ask(state, rpc_request)
        except TimeoutError:
            return AttemptOutcome(None, None, f"no answer within {seconds:g} s", started=started)

    return list(await asyncio.gather(*map(one, asked)))


async def _ask(state: State, rpc_request: SynchronousRequest) -> AttemptOutcome:
    delivery = rpc_request.delivery
    with tracing.span("webhook", "receiver", "webhook.ask", entity=delivery.entity) as span:
        span.record_id = delivery.record_id
        outcome = await state.sender.send(rpc_request.request)
        span.status = "error" if outcome.error else "ok"
        span.metadata = {"webhook_id": delivery.webhook_id, "response_status": outcome.status}
        return outcome


async def _write_down(
    state: State,
    app: AppRef,
    trace_id: str,
    sent: Sequence[tuple[SynchronousRequest, AttemptOutcome]],
    health: Mapping[str, Health],
) -> None:
    """Log all requests, and update the health of their endpoints."""
    if not sent:
        return
    deliveries, outcomes = [one.delivery for one, _ in sent], [outcome for _, outcome in sent]
    await store.insert_sent(state.core.databases.of(app), store.new_ids(len(sent)), deliveries, outcomes)
    for webhook_id, (one, outcome) in _one_of_each(sent).items():
        before = health.get(webhook_id, HEALTHY)
        if not is_away(before, clock.now()):
            health_event = HealthEvent(webhook_id, one.webhook.definition.url, trace_id, outcome)
            await state.recorder.note(app, health_event, before)


def _one_of_each(
    sent: Sequence[tuple[SynchronousRequest, AttemptOutcome]],
) -> dict[str, tuple[SynchronousRequest, AttemptOutcome]]:
    """One outcome per webhook, a failure if there is any: several for one write are one event of its health."""
    told: dict[str, tuple[SynchronousRequest, AttemptOutcome]] = {}
    for one, outcome in sent:
        if one.webhook.id not in told or (outcome.error and not told[one.webhook.id][1].error):
            told[one.webhook.id] = (one, outcome)
    return told


def verdict_of(webhook: Webhook, outcome: AttemptOutcome) -> Verdict:
    """The verdict of an outcome. An endpoint that fails or does not respond is away."""
    if outcome.error is None:
        return ALLOWED, ""
    if is_ailing(outcome.status):
        # The address is in the log, not in the response to the writer.
        answered = f"it answered {outcome.status}" if outcome.status else "it does not answer"
        return AWAY, f"A {webhook.definition.hook} webhook that has to be asked can't be: {answered}"
    return REFUSED, reason_of(outcome.body) or f"A {webhook.definition.hook} webhook refused: {outcome.error}"


def reason_of(body: str | None) -> str:
    """The reason that a response gives: `message`, `reason` or `error` of a JSON object, else its text."""
    text = (body or "").strip()
    try:
        document = exact.parse(text)
    except ValueError:
        return "" if text.startswith("<") else text[:MAX_REASON_CHARACTERS]
    return _said(document)[:MAX_REASON_CHARACTERS]


def _said(document: Any) -> str:
    if isinstance(document, str):
        return document
    if isinstance(document, dict):
        for name in ("message", "reason", "error", "detail"):
            if found := _said(document.get(name)):
                return found
    return ""
