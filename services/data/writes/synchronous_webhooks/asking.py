"""Receivers' answers to what is about to be written: asked through the webhook service, which calls them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from libs.shared import exact
from libs.shared.contracts.webhooks import AskReceivers
from libs.shared.errors import Detail, RocketError
from libs.shared.telemetry import tracing
from services.data.model.synchronous_webhooks import SynchronousWebhook

if TYPE_CHECKING:
    from services.data.writes.context.drafts import Draft
    from services.data.writes.context.write_context import WriteContext

log = structlog.get_logger()

RESERVE = 1.0
"""Seconds of a request's time that are left for writing when everybody has answered."""


@dataclass(frozen=True, slots=True)
class Question:
    """One record, one receiver: `identity` is all that it is asked about, `document` what it is told of that."""

    webhook: SynchronousWebhook
    draft: Draft
    document: dict[str, Any]
    identity: bytes


async def ask(write: WriteContext, questions: Sequence[Question]) -> None:
    """Ask all receivers at once. Raises VALIDATION_FAILED with their reasons where any refuses,

    SERVICE_UNAVAILABLE where one that must be asked can't be.
    """
    refused: list[Detail] = []
    away: list[Detail] = []
    for request, (verdict, reason) in zip(questions, await _verdicts(write, questions), strict=True):
        if verdict == "allowed" or (verdict == "away" and request.webhook.optional):
            continue
        detail = {"rule": "webhook", "message": reason}
        (refused if verdict == "refused" else away).extend(request.draft.mark([detail]))
    if refused:
        raise RocketError("VALIDATION_FAILED", str(refused[0]["message"]), refused)
    if away:
        raise RocketError("SERVICE_UNAVAILABLE", str(away[0]["message"]), away)


async def _verdicts(write: WriteContext, questions: Sequence[Question]) -> Sequence[tuple[str, str]]:
    body = exact.dumps([request.document for request in questions])
    context = write.context.within(max(0.0, write.context.remaining() - RESERVE))
    with tracing.span("engine", "writer", "write.webhooks") as span:
        span.metadata["questions"] = len(questions)
        try:
            request = AskReceivers(write.model.version, str(write.command.id), body)
            return (await write.resources.core.rpc.request(request, context)).verdicts
        except RocketError as error:
            if not error.transient:
                raise
            span.status = "error"
            log.warning("receivers.not_asked", error=error.message)
            return [("away", f"A webhook that has to be asked can't be: {error.message}")] * len(questions)
