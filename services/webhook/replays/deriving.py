"""Derives the expected deliveries from the webhooks of each commit's version: the verification of `webhook`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from libs.shared import clock
from libs.shared.bus.consumers.checkpoints import Position
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.schemas import NamesEver
from libs.shared.contracts.streams import CommitEvent
from libs.shared.replays.derived import STEP_ENTRIES, ExpectedRow, StoredRow, has_lost_names, key_of
from services.webhook.deliveries import NewDelivery
from services.webhook.matching import Webhook, WebhookIndex, decide, public_event, public_fields
from services.webhook.replays import store
from services.webhook.replays.comparing import differences
from services.webhook.state import State
from services.webhook.transition_actions import deliveries_of

RETENTION_MARGIN = timedelta(hours=1)
"""Allowance for clock differences, so that a delivery that was just pruned is not reported as missing."""


class Deliveries:
    """How this service derives deliveries from commits."""

    consumer = "webhook"
    row = "delivery"
    entries = STEP_ENTRIES

    async def expected(
        self, state: State, app: AppRef, events: Sequence[CommitEvent], names: NamesEver
    ) -> Sequence[tuple[CommitEvent, ExpectedRow]]:
        """The deliveries of commits. Those to deleted webhooks, and those that may have been pruned, are uncertain."""
        await state.webhooks.prepare(app, {event.schema_version for event in events})
        today = state.webhooks.today(app)
        kept_since = clock.now() - timedelta(days=state.settings.webhook_log_days) + RETENTION_MARGIN
        found = []
        for event in events:
            kept = datetime.fromisoformat(event.at) > kept_since
            derived = derive(app, state.webhooks.of(app, event), today, event, names)
            found += [(event, _expected(delivery, certain and kept)) for delivery, certain in derived]
        return found

    async def found(self, state: State, app: AppRef, after: Position, last: Position) -> Sequence[StoredRow]:
        """The stored deliveries."""
        return await store.of_commits(state.core.databases.of(app), after, last)

    def differing(self, expected: ExpectedRow, found: StoredRow, names: NamesEver) -> list[str]:
        """The columns that differ."""
        return differences(expected.columns, found.columns, names)


def derive(
    app: AppRef, index: WebhookIndex, today: WebhookIndex, event: CommitEvent, names: NamesEver
) -> Iterable[tuple[NewDelivery, bool]]:
    """The deliveries of a commit, and whether each must exist."""
    visible = public_event(index, event)
    # A condition with former names can't be evaluated again: either result is accepted.
    lost = has_lost_names(names, event.entity, public_fields(today, event.entity) or ())
    renamed = index.version < today.version and lost
    for webhook in index.candidates(event):
        yield from _decided(app, webhook, visible, True, renamed)
    for webhook in index.deleted_candidates(event):
        yield from _decided(app, webhook, visible, False, renamed)
    for delivery in deliveries_of(app, event):
        yield delivery, True


def _decided(
    app: AppRef, webhook: Webhook, event: CommitEvent, certain: bool, renamed: bool
) -> Iterable[tuple[NewDelivery, bool]]:
    open_ended = renamed and webhook.condition is not None
    delivery = decide(app, replace(webhook, condition=None) if open_ended else webhook, event)
    if delivery is not None:
        yield delivery, certain and not open_ended


def _expected(delivery: NewDelivery, certain: bool) -> ExpectedRow:
    columns = {
        "webhook_id": delivery.webhook_id,
        "commit_key": delivery.commit_key,
        "entity": delivery.entity,
        "record_id": delivery.record_id,
        "hook": delivery.hook,
        "request_body": delivery.body,
        "max_attempts": delivery.max_attempts,
        "backoff": delivery.backoff,
        "idempotency_key": delivery.idempotency_key,
        "trace_id": delivery.trace_id,
        "endpoint": delivery.endpoint,
        "origin": delivery.origin,
        "ordered": delivery.ordered,
    }
    return ExpectedRow(key_of(delivery.webhook_id, delivery.commit_key), columns, certain)
