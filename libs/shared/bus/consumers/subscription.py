"""A consumer's work on its stream, distributed over the replicas of the service in shards."""

from __future__ import annotations

import asyncio
import math
from typing import Generic, TypeVar

import structlog

from libs.shared.bus.apps import Apps
from libs.shared.bus.consumers.app_worker import AppWorker
from libs.shared.bus.consumers.backfill import backfill_of
from libs.shared.bus.consumers.checkpointing import ShardCheckpointer
from libs.shared.bus.consumers.checkpoints import CheckpointStore, commit_progress, durable_name
from libs.shared.bus.consumers.consumer import Consumer
from libs.shared.bus.consumers.pull import Pull
from libs.shared.bus.consumers.reactor import Reactor
from libs.shared.bus.nats.jetstream import JetStream
from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.bus.timers.leases import RENEW_INTERVAL_S, Leases
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import COMMITS
from libs.shared.postgres.databases import Databases

log = structlog.get_logger()

S = TypeVar("S")

ACK_WAIT_S = 120.0
MAX_UNACKNOWLEDGED = 1024
"""Unacknowledged messages of a shard: the bound of all its workers together."""


class Subscription(Generic[S]):
    """Distributes the shards of a consumer: each is worked on by the replica that leases it."""

    def __init__(
        self,
        service: str,
        consumer: Consumer[S],
        state: S,
        transactions: Transactions,
        stream: JetStream,
        databases: Databases,
        leases: Leases,
        apps: Apps,
        rpc: RpcClient,
    ) -> None:
        self._service = service
        self._consumer = consumer
        self.name = consumer.name
        self.follows_commits = consumer.stream is COMMITS
        self._stream = stream
        self._leases = leases
        self._apps = apps
        self._rpc = rpc
        self._checkpoints = CheckpointStore(databases.platform)
        reactor = Reactor(service, consumer, state, transactions, rpc)
        self._make_worker = lambda: AppWorker(service, consumer, reactor, databases, apps)
        self._working: dict[int, asyncio.Task[None]] = {}
        self._pulls: set[Pull] = set()
        stream.connection.on_reconnect(self._redeliver)

    def durable(self, shard: int) -> str:
        """The durable's name: `<consumer>_<shard>_of_<shards>`."""
        return durable_name(self._consumer.name, shard)

    async def run(self) -> None:
        """Work on a fair number of shards until cancelled."""
        try:
            while True:
                try:
                    await self._balance()
                except Exception as error:
                    log.warning("consumer.no_share", consumer=self._consumer.name, error=str(error))
                await asyncio.sleep(RENEW_INTERVAL_S)
        finally:
            await self._stop(list(self._working))

    async def progress(self) -> tuple[int, int]:
        """The sequence of the stream up to which every shard has handled everything, and how many messages follow."""
        spec = self._consumer.stream
        last = (await self._stream.stream_info(spec.name))["state"]["last_seq"]
        shards = (self._stream.consumer_info(spec.name, self.durable(p)) for p in range(spec.shards))
        infos = await asyncio.gather(*shards)
        waiting = [info["num_pending"] + info["num_ack_pending"] for info in infos]
        behind = [info["ack_floor"]["stream_seq"] for info, count in zip(infos, waiting, strict=True) if count]
        # A shard without pending messages has reached the end of the stream, even if its own last message is older.
        return min(behind, default=last), sum(waiting)

    async def progress_in(self, app: AppRef) -> tuple[int, int]:
        """How far this consumer is in an app's commits: see `reach_of`."""
        return await commit_progress(self._stream, self._consumer.stream, self._consumer.name, app)

    async def _balance(self) -> None:
        """Stop shards whose lease is lost, give up those above a fair number, claim up to it."""
        shards = self._consumer.stream.shards
        fair = math.ceil(shards / self._leases.replicas)
        for task in self._working.values():
            if task.done() and not task.cancelled() and (error := task.exception()):
                log.warning("consumer.flow_ended", consumer=self._consumer.name, error=str(error))
        lost = [p for p, task in self._working.items() if task.done() or not self._leases.holds(self._lease(p))]
        await self._stop(lost)
        over = list(self._working)[fair:]
        await self._stop(over)
        await self._leases.release([self._lease(p) for p in over])
        missing = fair - len(self._working)
        free = [p for p in range(shards) if p not in self._working and p not in over]
        if missing > 0 and free:
            await self._claim(free, missing)

    async def _claim(self, free: list[int], missing: int) -> None:
        # Claim all at once, then release the surplus, which takes fewer round trips.
        ours = await self._leases.claim(self._lease(p) for p in free)
        mine = [p for p in free if self._lease(p) in ours]
        await self._leases.release([self._lease(p) for p in mine[missing:]])
        for shard in mine[:missing]:
            self._working[shard] = asyncio.create_task(self._work(shard))

    async def _stop(self, shards: list[int]) -> None:
        tasks = [self._working.pop(s) for s in shards]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, shard: int) -> None:
        stream, name = self._consumer.stream, self.durable(shard)
        await self._stream.ensure_stream(stream)
        filters = stream.filters(shard, quiet=self._consumer.topics is None)
        backfill = backfill_of(self._stream, self._rpc, stream, shard)
        checkpointer = ShardCheckpointer(self._stream, stream.name, name, self._checkpoints, self._apps)
        if backfill:
            await checkpointer.ensure_durable(filters, ACK_WAIT_S, MAX_UNACKNOWLEDGED)
        else:
            await self._stream.ensure_durable(stream.name, name, filters, ACK_WAIT_S, MAX_UNACKNOWLEDGED)
        info = await self._stream.consumer_info(stream.name, name)
        if info["num_ack_pending"]:
            # A predecessor left them unacknowledged: they are delivered again, before anything newer.
            await self._stream.reset_consumer(stream.name, name)
        pull = Pull(self._stream, stream.name, name, self._make_worker)
        self._pulls.add(pull)
        try:
            async with asyncio.TaskGroup() as group:
                if backfill:
                    for app_id, after in (await checkpointer.missed()).items():
                        pull.backfill(app_id, after, backfill)
                    group.create_task(checkpointer.follow(pull))
                group.create_task(pull.run())
        finally:
            self._pulls.discard(pull)
            pull.close()

    def _redeliver(self) -> None:
        """Restart all shards, so that messages lost with the connection are delivered before newer ones."""
        for pull in self._pulls:
            pull.end()

    def _lease(self, shard: int) -> str:
        return f"consume/{self._service}/{self.durable(shard)}"
