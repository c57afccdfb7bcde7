"""The durables of subscribers: made before the first connection, deleted with the subscriber or the app."""

from __future__ import annotations

import structlog

from libs.shared.bus.apps import Apps
from libs.shared.bus.nats.jetstream import JetStream, JetStreamError
from libs.shared.contracts.apps import AppsChanged
from libs.shared.contracts.streams import STREAMS
from services.events.state import State
from services.events.subscribers.rights import Subscriber, durables_of

log = structlog.get_logger()

ACK_WAIT_S = 60.0
"""Seconds in which a message must be acknowledged, or it is delivered again."""
MAX_PENDING_ACKS = 1_000
"""Unacknowledged messages of a subscriber."""
UNUSED_LIFETIME_S = 30 * 86_400.0
"""Seconds after which an unused durable is deleted: as long as the streams keep events."""


async def prepare(stream: JetStream, subscriber: Subscriber) -> None:
    """Create missing durables. They start with the next event."""
    for spec in subscriber.specs():
        await stream.ensure_stream(spec)
        await stream.ensure_durable(
            spec.name,
            subscriber.durable,
            subscriber.filters(spec),
            ACK_WAIT_S,
            MAX_PENDING_ACKS,
            {"deliver_policy": "new", "inactive_threshold": int(UNUSED_LIFETIME_S * 1e9)},
        )


async def remove(stream: JetStream, subscriber: Subscriber) -> None:
    """Delete the durables. Open connections get no more events."""
    for spec in subscriber.specs():
        await stream.delete_consumer(spec.name, subscriber.durable)


async def remove_of_app(stream: JetStream, app_id: str) -> None:
    """Delete the durables of all subscribers of a deleted app."""
    for spec in STREAMS:
        try:
            names = await stream.consumer_names(spec.name)
        except JetStreamError:
            continue  # there is no such stream yet
        for name in names:
            if name.startswith(durables_of(app_id)):
                await stream.delete_consumer(spec.name, name)


async def follow_apps(state: State) -> None:
    """Delete the durables of deleted apps. NATS deletes those that an announcement missed after UNUSED_LIFETIME_S."""
    apps: Apps = state.core.apps
    while True:
        change: AppsChanged = await state.app_changes.get()
        try:
            apps.forget(change.app_id)
            if await apps.by_id(change.app_id) is None:
                await remove_of_app(state.core.stream, change.app_id)
        except Exception as error:
            log.warning("subscribers.app_not_cleared", app_id=change.app_id, error=type(error).__name__)
