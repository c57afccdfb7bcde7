"""What has happened elsewhere continues instances: events, answers of webhooks, changes of records."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from libs.shared import exact
from libs.shared.bus.outbox.transactions import Transaction
from libs.shared.contracts.signals import WebhookAnswered
from libs.shared.ids import parse_uuid
from services.workflow import recording
from services.workflow.history import store
from services.workflow.machine.inputs import Answer, Input, RecordChanged, Refusal

# The instances that wait for an event of a name. Locked in the order of their ids, so that no two wait for each other.
AWAITING = "SELECT instance_id, key FROM workflow.awaited WHERE event = $1 ORDER BY instance_id, key"
CANCELLING = """
SELECT id FROM workflow.instances WHERE record_id = $1 AND entity = $2 AND cancels AND status = 'running' ORDER BY id
"""


async def by_event(transaction: Transaction, event: Mapping[str, Any], now: datetime) -> None:
    """A business event ends the waits for it."""
    for row in await transaction.connection.fetch(AWAITING, event["action"]):
        await _tell(transaction, row["instance_id"], Answer(row["key"], event), now)


async def by_record(
    transaction: Transaction, entity: str, record_id: str, change: RecordChanged, now: datetime
) -> None:
    """A commit may cancel the instances that are about its record."""
    for row in await transaction.connection.fetch(CANCELLING, record_id, entity):
        await _tell(transaction, row["id"], change, now)


async def by_webhook(transaction: Transaction, answered: WebhookAnswered, now: datetime) -> None:
    """The answer of a webhook goes to the step that waits for it."""
    instance_id = parse_uuid(answered.effect_key.partition("/")[0])
    if instance_id is not None:
        await _tell(transaction, instance_id, answer_of(answered), now)


def answer_of(answered: WebhookAnswered) -> Input:
    """What the instance is told: the response, its body as JSON if it is that; or why there is none."""
    if answered.error is not None or answered.response is None:
        return Refusal(answered.effect_key, answered.error or "the webhook was not answered")
    response = dict(answered.response)
    with contextlib.suppress(ValueError, TypeError, KeyError):
        response["body"] = exact.loads(response["body"])
    return Answer(answered.effect_key, {"response": response})


async def _tell(transaction: Transaction, instance_id: uuid.UUID, given: Input, now: datetime) -> None:
    instance = await store.lock(transaction.connection, instance_id)
    if instance is not None:
        await recording.record_or_fail(transaction, instance, given, now)
