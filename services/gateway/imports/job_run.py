"""One claimed import job: from where it stands to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from libs.shared import clock
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts import imports as contracts
from libs.shared.contracts.context import AppRef, Context, system_context
from libs.shared.contracts.messages import Request
from libs.shared.errors import RocketError
from libs.shared.ids import random_uuid
from libs.shared.telemetry import tracing
from services.gateway.identity.owners import present_identity
from services.gateway.identity.realms import Accounts
from services.gateway.imports.batches import COUNTED_ROWS, RowBatches, count_rows, problem_of, skip_rows
from services.gateway.imports.opening import open_file
from services.gateway.imports.parsed_rows import FileReader, OpenedFile, unreadable

R = TypeVar("R")

TIMEOUT_S = 10.0
"""For what is not a batch."""
RETRY_S = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Pauses before a request is sent again that failed by no fault of the job; then the claim is left to lapse."""
BUSY = "is being changed by somebody else"


class ClaimLost(Exception):
    """The job was cancelled, or another worker has it."""


class JobRun:
    """A job, the app it is for, and what it is carried out with."""

    def __init__(
        self, rpc: RpcClient, accounts: Accounts, app: AppRef, job: contracts.ClaimedImport, max_rows: int
    ) -> None:
        self._rpc = rpc
        self._accounts = accounts
        self._app = app
        self._job = job
        self._max_rows = max_rows
        self.done = job.done
        self.is_done = False

    async def carry_out(self, open_stored: Callable[[], FileReader]) -> None:
        """Work on the job until it is done, or has failed by its own fault.

        Raises ClaimLost, and what stands in the way of any job: services that are away, a storage that does not answer.
        """
        try:
            await (self._undo() if self._job.kind == "undo" else self._import(open_stored))
        except RocketError as refusal:
            if refusal.transient or BUSY in refusal.message:
                raise
            await self._end("failed", refusal)

    async def _import(self, open_stored: Callable[[], FileReader]) -> None:
        if self._job.rows is None:
            await self._count(open_stored)
        opened = await self._opened(open_stored)
        await skip_rows(opened.rows, self.done)
        batches = RowBatches(opened.rows)
        while (body := await batches.next()) is not None:
            try:
                progress = await self._write(body)
            except RocketError as error:
                # A batch that takes too long, as with slow synchronous webhooks, is tried in smaller parts.
                if error.code != "TIMEOUT" or not batches.halve():
                    raise
                continue
            batches.finish(progress.done - self.done)
            self.done = progress.done
        await self._end("done")

    async def _count(self, open_stored: Callable[[], FileReader]) -> None:
        """Read the whole file through before anything of it is written."""
        opened, rows = await self._opened(open_stored), 0
        while True:
            more = await count_rows(opened.rows)
            rows += more
            if rows > self._max_rows:
                raise unreadable(f"The file has more than {self._max_rows} rows")
            if more < COUNTED_ROWS:
                break
            await self._send(contracts.KeepImportClaim(self._job.id, self._job.claim))
        if not rows:
            raise unreadable("The file holds no rows")
        await self._send(contracts.BeginImport(self._job.id, self._job.claim, rows))

    async def _opened(self, open_stored: Callable[[], FileReader]) -> OpenedFile:
        options = contracts.ImportOptions.model_validate({**self._job.options, "mapping": None})
        return await asyncio.to_thread(lambda: open_file(open_stored(), options))

    async def _write(self, body: bytes) -> contracts.ImportProgress:
        request = contracts.WriteImportedRows(self._job.id, self._job.claim, self.done, body)
        return await self._as_owner("import.batch", f"import:{self._job.id}", request)

    async def _undo(self) -> None:
        request = contracts.UndoImportedCommit(self._job.id, self._job.claim)
        while (await self._as_owner("import.undo", "undo", request)).status != "done":
            pass
        self.is_done = True

    async def _as_owner(
        self, action: str, cause: str, request: Request[contracts.ImportProgress]
    ) -> contracts.ImportProgress:
        """Send a batch in the name of the owner, with the rights that they have now; it begins a trace of its own."""
        origin = self._job.origin
        who = Context(random_uuid(), app=self._app, ip=origin["ip"], user_agent=origin["user_agent"], cause=cause)

        async def send() -> contracts.ImportProgress:
            owner = await present_identity(self._accounts, self._app, self._job.identity)
            context = who.for_user(owner).until(clock.unix() + request.timeout)
            return await self._rpc.request(request, context)

        with (
            tracing.remote(who.for_user(self._job.identity)),
            tracing.span("import", "worker", action, self._job.entity) as batch,
        ):
            progress = await _again(send)
            batch.metadata = {"import_id": self._job.id, "done": progress.done, "linked_trace": origin["trace_id"]}
        return _held(progress)

    async def _end(self, status: str, refusal: RocketError | None = None) -> None:
        error = problem_of(refusal) if refusal is not None else None
        await self._send(contracts.EndImport(self._job.id, self._job.claim, status, error))
        self.is_done = status == "done"

    async def _send(self, request: Request[contracts.ImportProgress]) -> contracts.ImportProgress:
        return _held(await _again(lambda: self._rpc.request(request, system_context(TIMEOUT_S, self._app))))


def _held(progress: contracts.ImportProgress) -> contracts.ImportProgress:
    """The progress of a job that is ours still. Raises ClaimLost."""
    if progress.status == "lost":
        raise ClaimLost
    return progress


async def _again(send: Callable[[], Awaitable[R]]) -> R:
    """What `send` returns, tried several times while services are away or rows are locked by others."""
    for pause in RETRY_S:
        try:
            return await send()
        except RocketError as error:
            if not (error.transient or BUSY in error.message) or error.code == "TIMEOUT":
                raise
            await asyncio.sleep(pause)
    return await send()
