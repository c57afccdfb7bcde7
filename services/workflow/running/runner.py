"""Carries out due tasks: commands, timers, and inputs from other instances.

A replica claims a task for CLAIM_DURATION. Its result is recorded in a transaction that locks the instance. If the
replica dies, another replica repeats the task: a command has the same effect key, so its effect is not repeated; a
timer or an input that was recorded before changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from libs.shared import clock
from libs.shared.bus.outbox.transactions import Transaction
from libs.shared.bus.timers.claim_loop import ClaimLoop
from libs.shared.contracts.context import AppRef
from libs.shared.errors import RocketError
from libs.shared.telemetry import tracing
from services.workflow import recording
from services.workflow.history import store, tasks
from services.workflow.history.instances import StoredInstance, Task
from services.workflow.history.projecting import INPUT, TIMER
from services.workflow.machine.deciding import Advanced
from services.workflow.machine.inputs import Answer, Break, Cancel, Fire, Input, Refusal
from services.workflow.running import calls
from services.workflow.running.retry_policy import GiveUp, RetryLater, outcome_of
from services.workflow.state import State

log = structlog.get_logger()

CLAIM_DURATION = timedelta(seconds=20)
"""How long a replica holds a claimed task: longer than a call may take."""
FIRST_TASKS, MAX_TASKS = 8, 64
"""Tasks of an app that are worked on at once: at first, and while more are due than that."""
TURN_S = 30.0
"""Seconds for which the runner works on one app before it continues with others."""
LOOK_INTERVALS_S = (0.5, 5.0)
"""Shortest and longest pause, in seconds, between looks at an app without due tasks."""


async def run(state: State) -> None:
    """Carry out due tasks until cancelled."""
    await ClaimLoop(state.due, Runner(state), turn_s=TURN_S, looks_s=LOOK_INTERVALS_S).run()


class Runner:
    """The due tasks of all apps: the rows of a claim loop."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._sizes: dict[str, int] = {}

    async def claim(self, app: AppRef) -> Sequence[Task]:
        """Tasks that are due. The more of them are due at once, the more are claimed the next time."""
        size, now = self._sizes.pop(app.id, FIRST_TASKS), clock.now()
        found = await tasks.claim(self._state.database(app), now, now + CLAIM_DURATION, size)
        if len(found) == size:
            self._sizes[app.id] = min(2 * size, MAX_TASKS)
        return found

    async def next_due(self, app: AppRef) -> datetime | None:
        """When a task is due next."""
        return await tasks.next_due(self._state.database(app))

    async def work(self, app: AppRef, row: Task) -> None:
        """Carry out a task and the commands that follow from it. An error postpones this task only."""
        try:
            following: Task | None = row
            while following is not None:
                following = await self._one(app, following)
        except Exception as error:
            log.error("workflow.stuck", instance=row.instance_id, app=app.name, task=row.key, exc_info=error)
            await self._postpone(app, row, error)

    async def _one(self, app: AppRef, task: Task) -> Task | None:
        """Carry out one task. Returns the command that follows, which this replica has claimed."""
        instance = await store.find(self._state.database(app), uuid.UUID(task.instance_id))
        if instance is None:
            await tasks.forget(self._state.database(app), task)
            return None
        with tracing.remote(calls.context_for(instance, app)):
            name = "workflow.timeout" if task.kind == TIMER and task.key.endswith("deadline") else "workflow.advance"
            with tracing.span("workflow", "engine", name, instance.origin.entity) as span:
                span.record_id = instance.origin.record_id
                span.metadata |= {"workflow": instance.workflow_name, **linked(instance)}
                given = await self._given(app, instance, task)
                return None if given is None else await self._take_in(app, instance, task, given)

    async def _given(self, app: AppRef, instance: StoredInstance, task: Task) -> Input | None:
        """The input that a task gives the instance; None if the task is gone or postponed."""
        if task.kind == TIMER:
            return Fire(task.key)
        if task.kind == INPUT:
            return input_of(task)
        command = instance.state.pending.get(task.key)
        if command is None or command.get("sent"):
            await tasks.forget(self._state.database(app), task)
            return None
        outcome = await calls.perform(self._state, app, instance, task, command)
        if isinstance(outcome, RetryLater):
            await tasks.postpone(self._state.database(app), task, clock.now() + outcome.delay)
            return None
        return outcome

    async def _take_in(self, app: AppRef, instance: StoredInstance, task: Task, given: Input) -> Task | None:
        now = clock.now()
        async with self._state.transactions.begin(app, emits=True) as transaction:
            current = await store.lock(transaction.connection, uuid.UUID(instance.id))
            if current is None:
                await tasks.forget(transaction.connection, task)
                return None
            if isinstance(given, Refusal) and current.document != instance.document:
                # The definition was renamed meanwhile, so the refused name may be an old one: try again.
                await tasks.postpone(transaction.connection, task, now)
                return None
            advanced = await self._decided(transaction, current, given, now)
            await tasks.settle(transaction.connection, task, advanced.state, now)
            return await tasks.hold(transaction.connection, current, advanced.state, now + CLAIM_DURATION)

    async def _decided(
        self, transaction: Transaction, current: StoredInstance, given: Input, now: datetime
    ) -> Advanced:
        try:
            return await recording.record_or_fail(transaction, current, given, now)
        except RocketError as problem:
            if problem.code != "INVALID_STATE":
                raise
            return Advanced([], current.state)  # the instance has ended meanwhile, so the input is void

    async def _postpone(self, app: AppRef, task: Task, error: Exception) -> None:
        """Retry a task after an unexpected error. When retries are used up, the instance fails with the reason."""
        outcome = outcome_of(calls.as_error(error), task.attempts)
        if isinstance(outcome, GiveUp):
            instance = await store.find(self._state.database(app), uuid.UUID(task.instance_id))
            if instance is not None:
                await self._take_in(app, instance, task, Break(outcome.reason))
            await tasks.forget(self._state.database(app), task)
        else:
            await tasks.postpone(self._state.database(app), task, clock.now() + outcome.delay)


def input_of(task: Task) -> Input:
    """The input of a task that another instance has left: an answer or a cancellation."""
    data = task.data
    if data["type"] == recording.CANCEL_INPUT:
        return Cancel(data["reason"])
    return Refusal(data["key"], data["reason"]) if data.get("reason") else Answer(data["key"], data["output"])


def linked(instance: StoredInstance) -> dict[str, str]:
    """The metadata that links a span in the trace of a decision to the first trace of the instance."""
    first = instance.origin.trace_id
    return {"linked_trace_id": first} if instance.trace[0] != first else {}
