"""Writes that synchronous webhooks (`async` false) must agree to before they happen.

1. The write is rehearsed: carried out and rolled back. That shows its result, and keeps no locks.
2. The webhooks are called, through the webhook service. No transaction is open meanwhile.
3. The write is carried out again, and committed if its result is exactly what was sent: the same records in the
   same versions, with the same values. Otherwise the webhooks are called again.

A rehearsal without requests is committed at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from libs.shared import clock, exact
from libs.shared.contracts.webhooks import AskSynchronousWebhooks
from libs.shared.errors import Detail, RocketError
from libs.shared.telemetry import tracing
from services.data.writes.context.consent import ConsentRequest, WebhookConsent
from services.data.writes.context.write_context import WriteContext

T = TypeVar("T")

log = structlog.get_logger()

MAX_ROUNDS = 2
"""How often the webhooks are called for one write."""
WRITE_RESERVE_S = 1.0
"""Seconds of a request's time that are left for writing when all webhooks have answered."""


async def with_consent(write: WriteContext, run: Callable[[], Awaitable[T]]) -> T:
    """What `run` returns when it has written what all webhooks agree to.

    `run` may be called several times; each time it must carry out the whole write. Raises what `run` raises,
    VALIDATION_FAILED where a webhook refuses, SERVICE_UNAVAILABLE where one can't be asked, CONFLICT when what is
    written keeps changing.
    """
    consent = write.consent = WebhookConsent(clock.now())
    try:
        for asked in range(MAX_ROUNDS + 1):
            outcome = await run()
            if consent.is_given:
                return outcome
            if asked < MAX_ROUNDS:
                await _ask(write, consent.requests)
                consent.agree()
    finally:
        write.consent = None
    raise RocketError("CONFLICT", "The records kept changing while synchronous webhooks were called, try again")


async def _ask(write: WriteContext, requests: Sequence[ConsentRequest]) -> None:
    """Ask all webhooks at once. Raises VALIDATION_FAILED with the reasons of those that refuse."""
    refused: list[Detail] = []
    unreachable: list[Detail] = []
    for request, (verdict, reason) in zip(requests, await _verdicts(write, requests), strict=True):
        if verdict == "allowed" or (verdict == "away" and request.webhook.optional):
            continue
        detail = {"rule": "webhook", "message": reason}
        (refused if verdict == "refused" else unreachable).extend(request.draft.mark([detail]))
    if refused:
        raise RocketError("VALIDATION_FAILED", str(refused[0]["message"]), refused)
    if unreachable:
        raise RocketError("SERVICE_UNAVAILABLE", str(unreachable[0]["message"]), unreachable)


async def _verdicts(write: WriteContext, requests: Sequence[ConsentRequest]) -> Sequence[tuple[str, str]]:
    body = exact.dumps([request.document for request in requests])
    context = write.context.within(max(0.0, write.context.remaining() - WRITE_RESERVE_S))
    with tracing.span("engine", "writer", "write.webhooks") as span:
        span.metadata["questions"] = len(requests)
        try:
            request = AskSynchronousWebhooks(write.model.version, str(write.command.id), body)
            return (await write.resources.core.rpc.request(request, context)).verdicts
        except RocketError as error:
            if not error.transient:
                raise
            span.status = "error"
            log.warning("synchronous_webhooks.not_asked", error=error.message)
            return [("away", f"A webhook that has to be asked can't be: {error.message}")] * len(requests)
