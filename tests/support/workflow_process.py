"""The runner of the workflow service in this process: on a real database, with services that answer from memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from libs.shared import exact
from libs.shared.bus.outbox.outbox import Outbox
from libs.shared.bus.outbox.relay import Relay
from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.timers.due import Due
from libs.shared.contracts.comments import AddComment
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.effects import (
    AddRecord,
    Effected,
    FetchedRecords,
    FetchRecords,
    MoveState,
    RemoveRecord,
    SetFields,
)
from libs.shared.contracts.identity import FindPeople, People
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Databases
from libs.shared.schema import Snapshot
from libs.shared.snapshots.subscriptions import SubscriptionIndex
from services.workflow.history.instances import Task
from services.workflow.running.runner import Runner
from services.workflow.state import State
from services.workflow.triggers import WORKFLOWS, WorkflowIndex
from tests.support.faults import Faults

USERS = {
    "10000000-0000-4000-8000-000000000001": ("ann@x.example", ["boss"]),
    "10000000-0000-4000-8000-000000000002": ("ben@x.example", ["clerk"]),
}
RECORD = "20000000-0000-4000-8000-000000000001"


class Services:
    """Data and gateway. An effect happens once per key, whoever dies before the answer arrives."""

    def __init__(self, faults: Faults, record: Mapping[str, Any]) -> None:
        self._faults = faults
        self._record = dict(record)
        self.effects: dict[str, tuple[Any, ...]] = {}

    async def request(self, request: Any, context: Any) -> Any:
        self._faults.at(f"before asking {type(request).__name__}")
        answer = self._answer(request)
        self._faults.at(f"after asking {type(request).__name__}")
        return answer

    def _answer(self, request: Any) -> Any:
        match request:
            case FetchRecords():
                return FetchedRecords([dict(self._record) for _ in request.records])
            case FindPeople():
                wanted = {*(request.roles or ()), *(request.ids or ()), *(request.emails or ())}
                found = [(key, *each) for key, each in USERS.items() if wanted & {key, each[0], *each[1]}]
                return People([(key, email) for key, email, _ in found], [roles for _, _, roles in found])
            case SetFields():
                done: tuple[Any, ...] = ("set", request.entity, request.record_id, exact.dumps(request.values))
            case AddRecord():
                done = ("create", request.entity, exact.dumps(request.values))
            case RemoveRecord():
                done = ("delete", request.entity, request.record_id)
            case AddComment():
                done = ("comment", request.entity, request.record_id, request.text)
            case MoveState():
                done = ("move", request.entity, request.record_id, request.to)
            case _:
                raise AssertionError(f"nobody answers {request}")
        repeated = request.effect_key in self.effects
        assert self.effects.setdefault(request.effect_key, done) == done, "a key stands for one effect"
        return Effected(len(self.effects), repeated, RECORD, dict(self._record))


class _NoRelay:
    """Signals stay in the outbox, where the test looks at them."""

    async def activate(self, app: AppRef) -> None:
        """Nobody relays."""

    def wake(self, app: AppRef) -> None:
        """Nobody is woken."""


class _Emitting(Transactions):
    def __init__(self, databases: Databases, due: Due) -> None:
        super().__init__(databases, due)
        self._outbox = Outbox("workflow"), cast(Relay, _NoRelay())


class _Workflows:
    """The definitions of the app."""

    def __init__(self, documents: Sequence[Mapping[str, Any]]) -> None:
        snapshot = Snapshot(1, {}, {}, [], {"workflows": [dict(each) for each in documents]})
        self.index: WorkflowIndex = SubscriptionIndex.of(WORKFLOWS, snapshot)

    async def load(self, app: AppRef) -> WorkflowIndex:
        return self.index


class WorkflowProcess:
    """What is left of the service when it dies, and a new process each time that it is asked for its `runner`."""

    def __init__(
        self, databases: Databases, app: AppRef, faults: Faults, documents: Sequence[Mapping[str, Any]],
        record: Mapping[str, Any],
    ) -> None:  # fmt: skip
        self.app = app
        self.now: datetime = datetime.fromisoformat("2026-11-30T12:00:00+00:00")
        self.services = Services(faults, record)
        self.workflows = _Workflows(documents)
        due = Due(databases, cast(Any, None), "workflow_in_test")
        core = SimpleNamespace(name="workflow", databases=databases, rpc=self.services)
        self.state = State(cast(Any, core), cast(Any, self.workflows), due, due, _Emitting(databases, due))
        self.database = databases.of(app)

    @property
    def runner(self) -> Runner:
        return Runner(self.state)

    async def claim(self) -> Sequence[Task]:
        """Claims due tasks as a process would."""
        return await self.runner.claim(self.app)

    async def skip(self) -> bool:
        """Let time pass until a task is due; False if there is none."""
        due = await self.runner.next_due(self.app)
        if due is not None:
            self.now = max(self.now, due + timedelta(milliseconds=1))
        return due is not None

    async def signals(self) -> Counter[str]:
        """What was told to other services, without ids and times."""
        rows = await self.database.fetch("SELECT what, data::text AS data FROM workflow.outbox")
        return Counter(f"{row['what']} {_plain(exact.loads(row['data']))}" for row in rows)


NAMED_BY_CHANCE = ("instance_id", "effect_key", "trace_id", "deadline", "workflow_id")


TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)")


def _plain(data: Mapping[str, Any]) -> str:
    said = sorted((name, str(value)) for name, value in data.items() if name not in NAMED_BY_CHANCE)
    return TIME.sub("<time>", str(said))


def refused(error: RocketError) -> bool:
    """Whether a request is too late, as its first try has got through."""
    return error.code in ("INVALID_STATE", "FORBIDDEN")
