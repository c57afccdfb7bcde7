"""Checkpoints one shard of a consumer and detects gaps left by stream retention."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import structlog

from libs.shared.bus.apps import Apps
from libs.shared.bus.consumers.checkpoints import CheckpointStore, LogPositions, StreamCheckpoint
from libs.shared.bus.nats.jetstream import JetStream

log = structlog.get_logger()

SAVE_INTERVAL_S = 10.0
"""Seconds between checkpoints. The inbox has the events handled in between."""


class Flow(Protocol):
    """The state of the event flow that a checkpointer reads."""

    @property
    def is_backfilling(self) -> bool:
        """Whether events that the stream has dropped are still to be handled."""
        ...

    def positions(self) -> Mapping[str, LogPositions]:
        """App id → the last events that were handled."""
        ...


class Forgotten(Exception):
    """The stream has dropped events that this shard has not handled."""


class ShardCheckpointer:
    """Checkpoints the durable of one shard."""

    def __init__(
        self, stream: JetStream, stream_name: str, durable: str, progress: CheckpointStore, apps: Apps
    ) -> None:
        self._stream = stream
        self._stream_name = stream_name
        self._durable = durable
        self._checkpoints = progress
        self._apps = apps
        self._checkpoint: StreamCheckpoint | None = None
        self._waiting = True

    async def ensure_durable(self, filters: Sequence[str], ack_wait: float, pending: int) -> None:
        """Create the durable if there is none, starting after the checkpoint.

        The server keeps the state of a durable in memory only: on disk it would write a file several times a second,
        and the checkpoint holds the same. If the message of the checkpoint is not in the stream any more, the stream
        has lost its end, and other messages have its sequence: then the durable starts with the first message. It does
        too in place of a durable with other `filters`, as the checkpoint does not cover the events they left out.
        """
        known = await self._stream.find_consumer(self._stream_name, self._durable)
        if known is not None:
            if set(known["config"]["filter_subjects"]) == set(filters):
                return
            await self._stream.delete_consumer(self._stream_name, self._durable)
        created, _, _ = await self._extent()
        checkpoint = await self._checkpoints.checkpoint(self._durable) if known is None else None
        more: dict[str, Any] = {"mem_storage": True}
        if (
            checkpoint
            and checkpoint.created == created
            and checkpoint.stored
            and checkpoint.stored == await self._stored_at(checkpoint.sequence)
        ):
            more |= {"deliver_policy": "by_start_sequence", "opt_start_seq": checkpoint.sequence + 1}
        await self._stream.ensure_durable(self._stream_name, self._durable, filters, ack_wait, pending, more)

    async def missed(self) -> dict[str, LogPositions]:
        """The apps with events that the stream has dropped: app id → the last events that were handled."""
        created, first, _ = await self._extent()
        self._checkpoint = checkpoint = await self._checkpoints.checkpoint(self._durable)
        if checkpoint is None or not checkpoint.has_gap(created, first):
            return {}
        apps = [app.id for app in await self._apps.all()]
        await self._checkpoints.forget_all_but(self._durable, apps)
        noted = await self._checkpoints.positions(self._durable)
        log.warning(
            "consumer.stream_forgot", durable=self._durable, checkpoint=checkpoint.sequence, first=first, apps=len(apps)
        )
        return {app_id: noted.get(app_id, {}) for app_id in apps}

    async def note(self, positions: Mapping[str, LogPositions], is_backfilling: bool) -> None:
        """Save a checkpoint. Raises Forgotten when the stream has dropped events before delivering them."""
        created, first, last = await self._extent()
        info = await self._stream.consumer_info(self._stream_name, self._durable)
        before, waited = self._checkpoint, self._waiting
        if before and waited and not is_backfilling and before.has_gap(created, first):
            raise Forgotten
        self._waiting = bool(info["num_pending"])
        handled = info["ack_floor"]["stream_seq"] if info["num_pending"] or info["num_ack_pending"] else last
        checkpoint = before
        if not is_backfilling:
            # A checkpoint never goes back, and a new durable has missed nothing.
            same = before if before and before.created == created else None
            sequence = max(handled, same.sequence if same else first - 1)
            if same is None or sequence > same.sequence:
                checkpoint = StreamCheckpoint(created, sequence, await self._stored_at(sequence))
        await self._checkpoints.note(self._durable, positions, checkpoint if checkpoint != before else None)
        self._checkpoint = checkpoint

    async def follow(self, pull: Flow) -> None:
        """Save checkpoints until cancelled."""
        while True:
            try:
                await self.note(pull.positions(), pull.is_backfilling)
            except Forgotten:
                raise
            except Exception as error:
                log.warning("consumer.not_noted", durable=self._durable, error=str(error) or type(error).__name__)
            await asyncio.sleep(SAVE_INTERVAL_S)

    async def _stored_at(self, sequence: int) -> str:
        return await self._stream.stored_at(self._stream_name, sequence)

    async def _extent(self) -> tuple[str, int, int]:
        """When the stream was created, and its first and last sequence."""
        info = await self._stream.stream_info(self._stream_name)
        return info["created"], info["state"]["first_seq"], info["state"]["last_seq"]
