"""Durables that the NATS server has lost resume at their checkpoints."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, cast

from libs.shared.bus.apps import Apps
from libs.shared.bus.consumers.checkpointing import ShardCheckpointer
from libs.shared.bus.consumers.checkpoints import CheckpointStore, LogPositions, StreamCheckpoint
from libs.shared.bus.nats.connection import connect
from libs.shared.bus.nats.jetstream import JetStream, Outgoing
from libs.shared.contracts.streams import StreamSpec
from tests.support.nats_server import unguarded

STREAM, DURABLE = "LOST", "reader_0_of_1"
SPEC = StreamSpec(STREAM, (f"{STREAM}.>",), 0, 0, atomic=True)


class Noted:
    """A floor that has been noted, in place of the platform database."""

    def __init__(self) -> None:
        self.kept: StreamCheckpoint | None = None

    async def checkpoint(self, durable: str) -> StreamCheckpoint | None:
        return self.kept

    async def note(
        self, durable: str, positions: Mapping[str, LogPositions], checkpoint: StreamCheckpoint | None
    ) -> None:
        self.kept = checkpoint


@contextlib.asynccontextmanager
async def following(folder: Path) -> AsyncIterator[tuple[JetStream, Noted, ShardCheckpointer]]:
    """A stream of ten messages on two subjects in turn, what is noted of a durable, and who makes that."""
    async with unguarded(folder) as address, connect(address, "rocket-test") as connection:
        await connection.established()
        stream, noted = JetStream(connection), Noted()
        await stream.ensure_stream(SPEC)
        await stream.publish_all([(Outgoing((n, 1), f"{STREAM}.{n % 2}", b"", {}), {}) for n in range(10)])
        yield stream, noted, ShardCheckpointer(stream, STREAM, DURABLE, cast(CheckpointStore, noted), cast(Apps, None))


async def test_a_lost_durable_resumes_behind_its_checkpoint(tmp_path: Path) -> None:
    async with following(tmp_path) as (stream, noted, checkpointer):
        created = (await stream.stream_info(STREAM))["created"]
        sixth, last = await stream.stored_at(STREAM, 6), await stream.stored_at(STREAM, 10)

        async def made() -> dict[str, Any]:
            """The durable, as the follower makes it or leaves it."""
            await checkpointer.ensure_durable([f"{STREAM}.>"], 30, 10)
            return await stream.consumer_info(STREAM, DURABLE)

        assert (await made())["num_pending"] == 10
        noted.kept = StreamCheckpoint(created, 6, sixth)
        there = await made()
        assert (there["num_pending"], there["config"]["mem_storage"]) == (10, True)
        for checkpoint, waiting, handled in (
            (StreamCheckpoint(created, 6, sixth), 4, 6),
            # Another stream; one that lost its end, and got another sixth message; one of which too little is known.
            (StreamCheckpoint("else", 6, sixth), 10, 0),
            (StreamCheckpoint(created, 6, last), 10, 0),
            (StreamCheckpoint(created, 11, last), 10, 0),
            (StreamCheckpoint(created, 6), 10, 0),
            (StreamCheckpoint(created, 10, last), 0, 10),
        ):
            noted.kept = checkpoint
            await stream.delete_consumer(STREAM, DURABLE)
            again = await made()
            assert (again["num_pending"], again["ack_floor"]["stream_seq"]) == (waiting, handled)
        noted.kept = None
        await checkpointer.note({}, is_backfilling=False)
        assert noted.kept == StreamCheckpoint(created, 10, last)


async def test_a_durable_with_other_filters_is_recreated(tmp_path: Path) -> None:
    async with following(tmp_path) as (stream, noted, checkpointer):
        created = (await stream.stream_info(STREAM))["created"]
        noted.kept = StreamCheckpoint(created, 10, await stream.stored_at(STREAM, 10))
        # What is noted says nothing of what other filters have left out.
        for filters, waiting in (([f"{STREAM}.0"], 0), ([f"{STREAM}.0", f"{STREAM}.1"], 10), ([f"{STREAM}.1"], 5)):
            for _ in range(2):
                await checkpointer.ensure_durable(filters, 30, 10)
                info = await stream.consumer_info(STREAM, DURABLE)
                assert (info["num_pending"], set(info["config"]["filter_subjects"])) == (waiting, set(filters))
