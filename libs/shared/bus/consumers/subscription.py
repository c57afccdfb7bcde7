"""Pulling from durables: which shares of a stream are ours, and a steady flow of messages from each."""

from __future__ import annotations

import asyncio
import math
from typing import Any, Generic, TypeVar

import orjson
import structlog

from libs.shared.bus.apps import Apps
from libs.shared.bus.consumers.backfill import Backfill, backfill_of
from libs.shared.bus.consumers.checkpointing import ShardCheckpointer
from libs.shared.bus.consumers.checkpoints import CheckpointStore, LogPositions, commit_progress, durable_name
from libs.shared.bus.consumers.consumer import AppWorker, Consumer
from libs.shared.bus.consumers.incoming import Incoming
from libs.shared.bus.nats.jetstream import JetStream
from libs.shared.bus.nats.protocol import NO_RESPONDERS, Message
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.bus.timers.leases import RENEW_EVERY_S, Leases
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import COMMITS
from libs.shared.postgres.databases import Databases

log = structlog.get_logger()

S = TypeVar("S")

PULL_MESSAGES = 256
"""Messages asked for at a time."""
PULL_EXPIRES_S = 5.0
"""Seconds until an unanswered pull is repeated; bounds what a restarted server costs."""
REFUSED_PAUSE_S = 0.25
"""Seconds to wait after a pull was refused (server shutting down, limits)."""
EXPIRED = "408"
ACK_WAIT_S = 120.0
MAX_UNACKNOWLEDGED = 1024
"""Unacknowledged messages per share: the bound of all its lanes together."""


class Subscription(Generic[S]):
    """A consumer's work on its stream, split into shares, each worked by the replica that leases it."""

    def __init__(
        self,
        service: str,
        consumer: Consumer[S],
        state: S,
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
        self._make_worker = lambda: AppWorker(service, consumer, state, databases, apps, rpc)
        self._working: dict[int, asyncio.Task[None]] = {}
        self._pulls: set[Pull] = set()
        stream.connection.on_reconnect(self._begin_anew)

    def durable(self, shard: int) -> str:
        """The durable's name: `<consumer>_<share>`."""
        return durable_name(self._consumer.name, shard)

    async def run(self) -> None:
        """Work on a fair number of shares until cancelled."""
        try:
            while True:
                try:
                    await self._balance()
                except Exception as error:
                    log.warning("consumer.no_share", consumer=self._consumer.name, error=str(error))
                await asyncio.sleep(RENEW_EVERY_S)
        finally:
            await self._stop(list(self._working))

    async def progress(self) -> tuple[int, int]:
        """The stream's sequence up to which every share has handled everything, and how many messages follow."""
        spec = self._consumer.stream
        last = (await self._stream.stream_info(spec.name))["state"]["last_seq"]
        shards = (self._stream.consumer_info(spec.name, self.durable(p)) for p in range(spec.shards))
        infos = await asyncio.gather(*shards)
        waiting = [info["num_pending"] + info["num_ack_pending"] for info in infos]
        behind = [info["ack_floor"]["stream_seq"] for info, count in zip(infos, waiting, strict=True) if count]
        # A share that waits for nothing is as far as the stream is, whichever message was its own last one.
        return min(behind, default=last), sum(waiting)

    async def reach(self, app: AppRef) -> tuple[int, int]:
        """How far this consumer is in an app's commits: see `reach_of`."""
        return await commit_progress(self._stream, self._consumer.stream, self._consumer.name, app)

    async def _balance(self) -> None:
        """Drop shares that are no longer ours, give up what is over our due, claim up to it."""
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
        # All at once, then give back what is too much: fewer round trips, and the rest is free again.
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
        filters = stream.filters(shard, quiet=self._consumer.interest is None)
        backfill = backfill_of(self._stream, self._rpc, stream, shard)
        checkpointer = ShardCheckpointer(self._stream, stream.name, name, self._checkpoints, self._apps)
        if backfill:
            await checkpointer.ensure_durable(filters, ACK_WAIT_S, MAX_UNACKNOWLEDGED)
        else:
            await self._stream.ensure_durable(stream.name, name, filters, ACK_WAIT_S, MAX_UNACKNOWLEDGED)
        info = await self._stream.consumer_info(stream.name, name)
        if info["num_ack_pending"]:
            # Left unacknowledged by a predecessor: have them again, before anything newer.
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

    def _begin_anew(self) -> None:
        """What was on its way when the connection was lost comes again, before anything newer of the same record."""
        for pull in self._pulls:
            pull.end()

    def _lease(self, shard: int) -> str:
        return f"consume/{self._service}/{self.durable(shard)}"


class Pull:
    """An open flow from one durable into the lanes of its apps."""

    def __init__(self, stream: JetStream, stream_name: str, durable: str, make_worker: Any) -> None:
        self._connection = stream.connection
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream_name}.{durable}"
        self._workers: dict[str, AppWorker[Any]] = {}
        self._make_worker = make_worker
        self._inbox = self._connection.new_inbox()
        self._again = asyncio.Event()
        self._wanted = 0
        self._gone = False
        self._subscription = self._connection.subscribe(self._inbox, self._arrived)

    async def run(self) -> None:
        """Keep asking for messages until cancelled."""
        request = orjson.dumps({"batch": PULL_MESSAGES, "expires": int(PULL_EXPIRES_S * 1e9)})
        while True:
            if self._gone:
                raise LookupError("the durable is gone, or the connection was another one")
            self._again.clear()
            self._wanted = PULL_MESSAGES
            if self._connection.connected:
                await self._connection.publish(self._subject, request, reply=self._inbox)
            try:
                await asyncio.wait_for(self._again.wait(), PULL_EXPIRES_S + 1)
            except TimeoutError:
                continue

    def end(self) -> None:
        """Have `run` end: whoever works on the share begins anew, with what is not acknowledged."""
        self._gone = True
        self._again.set()

    def close(self) -> None:
        """Stop the flow. Unacknowledged messages go to whoever leases the share next."""
        self._connection.unsubscribe(self._subscription)
        for worker in self._workers.values():
            worker.cancel()

    @property
    def is_backfilling(self) -> bool:
        """Whether what the stream had forgotten is still being handled."""
        return any(worker.is_backfilling for worker in self._workers.values())

    def positions(self) -> dict[str, LogPositions]:
        """App → the last events that were handled."""
        return {app_id: worker.reached for app_id, worker in self._workers.items() if worker.reached}

    def backfill(self, app_id: str, after: LogPositions, backfill: Backfill) -> None:
        """Have an app's lane begin with what the stream has forgotten, behind what was handled."""
        self._worker(app_id).backfill(app_id, after, backfill)

    def _worker(self, app_id: str) -> AppWorker[Any]:
        worker = self._workers.get(app_id)
        if worker is None:
            worker = self._workers[app_id] = self._make_worker()
        return worker

    def _arrived(self, message: Message) -> None:
        if not message.reply_to:
            self._ended(message.status)
            return
        incoming = Incoming(message, self._connection)
        self._worker(incoming.app_id).put(incoming)
        self._wanted -= 1
        if self._wanted <= 0:
            self._again.set()

    def _ended(self, status: str) -> None:
        """The pull has ended. Expired ones are renewed at once, refused ones after a breath."""
        if status == EXPIRED:
            self._again.set()
        elif status == NO_RESPONDERS:
            self._gone = True
            self._again.set()
        else:
            asyncio.get_running_loop().call_later(REFUSED_PAUSE_S, self._again.set)
