"""How far consumers are: checkpoints in the platform database, and the state of their durables in the stream."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from libs.shared.bus.nats.jetstream import JetStream
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import SHARDS, StreamSpec, commits_of, within
from libs.shared.postgres.databases import Database

Position = tuple[int, int]
LogPositions = Mapping[str, Position]
"""How far a consumer is in an app: service that owns a log → the last event of that log that was handled."""

CHECKPOINT = "SELECT created, sequence, stored FROM bus.floors WHERE durable = $1"
SAVE_CHECKPOINT = """
INSERT INTO bus.floors (durable, created, sequence, stored) VALUES ($1, $2, $3, $4)
ON CONFLICT (durable) DO UPDATE
SET created = excluded.created, sequence = excluded.sequence, stored = excluded.stored
"""
# A position never goes back: what was handled stays handled.
SAVE_POSITIONS = """
INSERT INTO bus.progress AS p (durable, app_id, source, position, n)
SELECT $1, u.app_id::uuid, u.source, u.position, u.n
FROM unnest($2::text[], $3::text[], $4::bigint[], $5::int[]) AS u(app_id, source, position, n)
ON CONFLICT (durable, app_id, source) DO UPDATE SET position = excluded.position, n = excluded.n
WHERE (p.position, p.n) < (excluded.position, excluded.n)
"""
LOAD_POSITIONS = "SELECT app_id::text, source, position, n FROM bus.progress WHERE durable = $1"
FORGET = "DELETE FROM bus.progress WHERE durable = $1 AND app_id <> ALL($2::text[]::uuid[])"


@dataclass(frozen=True, slots=True)
class StreamCheckpoint:
    """The sequence of a stream up to which all events are handled; `created` tells streams of one name apart.

    `stored` is when the message of that sequence was stored, "" if that is not known.
    """

    created: str
    sequence: int
    stored: str = ""

    def has_gap(self, created: str, first: int) -> bool:
        """Whether a stream that begins at `first` lacks events after the checkpoint."""
        return created != self.created or first > self.sequence + 1


class CheckpointStore:
    """The checkpoints of all durables. They are lower bounds: the inbox has what was handled since."""

    def __init__(self, platform: Database) -> None:
        self._db = platform

    async def checkpoint(self, durable: str) -> StreamCheckpoint | None:
        """The checkpoint of a durable, None if it has none yet."""
        row = await self._db.fetchrow(CHECKPOINT, durable)
        return StreamCheckpoint(row["created"], row["sequence"], row["stored"]) if row else None

    async def note(
        self, durable: str, positions: Mapping[str, LogPositions], checkpoint: StreamCheckpoint | None
    ) -> None:
        """Save how far each app is, and then the checkpoint."""
        rows = [(app, source, *place) for app, reached in positions.items() for source, place in reached.items()]
        if rows:
            await self._db.execute(SAVE_POSITIONS, durable, *map(list, zip(*rows, strict=True)))
        if checkpoint:
            await self._db.execute(SAVE_CHECKPOINT, durable, checkpoint.created, checkpoint.sequence, checkpoint.stored)

    async def positions(self, durable: str) -> dict[str, dict[str, Position]]:
        """App id → the last events that were handled."""
        found: dict[str, dict[str, Position]] = {}
        for row in await self._db.fetch(LOAD_POSITIONS, durable):
            found.setdefault(row["app_id"], {})[row["source"]] = (row["position"], row["n"])
        return found

    async def forget_all_but(self, durable: str, apps: list[str]) -> None:
        """Delete the positions of all other apps."""
        await self._db.execute(FORGET, durable, apps)


def durable_name(consumer: str, shard: int) -> str:
    """The name of the durable of a shard. It has the number of shards, so another number gets other durables."""
    return f"{consumer}_{shard}_of_{SHARDS}"


async def commit_progress(stream: JetStream, spec: StreamSpec, consumer: str, app: AppRef) -> Position:
    """How far a consumer is in the commits of an app: the position up to which all are handled, and how many follow.

    While events of other apps hold a shard up, the consumer may be farther than that.
    """
    _, head = await stream.last_position(spec.name, commits_of(app.id))
    shards = range(spec.shards)
    waiting = await asyncio.gather(*(_first_waiting(stream, spec, consumer, app, shard) for shard in shards))
    reached = min([position - 1 for position in waiting if position is not None], default=head[0])
    return reached, max(0, head[0] - reached)


async def _first_waiting(stream: JetStream, spec: StreamSpec, consumer: str, app: AppRef, shard: int) -> int | None:
    """The position of the first event of an app that a shard has not acknowledged, None if it has all."""
    info = await stream.consumer_info(spec.name, durable_name(consumer, shard))
    if not info["num_pending"] and not info["num_ack_pending"]:
        return None
    filters = [within(app.id, each) for each in info["config"]["filter_subjects"]]
    behind = info["ack_floor"]["stream_seq"] + 1
    looks = (stream.next_position(spec.name, behind, subject_filter) for subject_filter in filters)
    return min([found[0] for found in await asyncio.gather(*looks) if found], default=None)
