"""The runner loses its process at every point, and its servers at most: the outcome is that of an undisturbed run."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import pytest
from structlog.testing import capture_logs

from deploy.embedded.stack import Stack
from libs.shared import clock, exact
from libs.shared.contracts.context import AppRef, Context, Identity
from libs.shared.contracts.signals import WebhookAnswered
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Databases
from services.workflow import starting
from services.workflow.decisions.deciding import decide_instance
from services.workflow.history import store
from services.workflow.history.codec import state_to_dict
from services.workflow.machine.folding import fold
from services.workflow.running import continuing
from services.workflow.starting import Start
from tests.support.app_database import app_row, sibling
from tests.support.client import Client
from tests.support.faults import EveryPoint, Faults, Killed, killed, outage
from tests.support.workflow_process import RECORD, USERS, WorkflowProcess, refused

ANN, BEN = USERS
MAX_ROUNDS = 5_000
ABOUT = {"entity": "order", "record_id": "trigger.record_id"}


def act(step_id: str, *actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "action", "actions": list(actions), **more}


def put(field: str, value: str) -> dict[str, Any]:
    return {"type": "set_field", **ABOUT, "field": field, "value": value}


PURCHASE = {
    "id": "30000000-0000-4000-8000-000000000001", "name": "purchase", "version": 1,
    "trigger": {"type": "manual", "entity": "order"}, "context": {"lines": "record.lines"},
    "steps": [
        act("note", put("first", "{{ record.title }}"), {"type": "create_record", "entity": "receipt",
            "fields": {"of": "{{ trigger.record_id }}"}}, then={"goto": "ask"}),
        {"id": "ask", "type": "approval", "approvers": [{"path": "record.manager"}, {"role": "clerk"}], "mode": "all",
         "reminders": ["100h"], "timeout": "1000h", "on_approve": {"goto": "large"}},
        {"id": "large", "type": "condition", "expression": "record.amount > 5", "on_true": {"goto": "both"}},
        {"id": "both", "type": "parallel", "then": {"goto": "last"}, "branches": {
            "goods": {"steps": [
                {"id": "sleep", "type": "wait", "for": "1h", "then": {"goto": "each"}},
                {"id": "each", "type": "loop", "over": "context.lines", "parallel": True,
                 "steps": [act("line", put("line{{ index }}", "{{ item }}"))]}]},
            "money": {"steps": [
                {"id": "child", "type": "sub_workflow", "workflow": "reserve", "context": {"sum": "record.amount"},
                 "then": {"goto": "news"}},
                {"id": "news", "type": "wait", "event": {"name": "paid"}, "timeout": "1000h", "then": {"goto": "ship"}},
                act("ship", {"type": "webhook", "url": "http://127.0.0.1:1/", "method": "POST", "wait": True})]}}},
        act("last", {"type": "send_event", "event": "bought", "payload": {"by": "{{ steps.ask.by }}"}},
            {"type": "transition", **ABOUT, "to": "bought"}, {"type": "update_record", **ABOUT, "fields": {"end": "1"}},
            {"type": "send_notification", "channel": "in_app", "template": "done", "to": [{"role": "clerk"}]},
            {"type": "add_comment", **ABOUT, "body": "bought"},
            {"type": "delete_record", **ABOUT}),
    ],
}  # fmt: skip
RESERVE = {
    "id": "30000000-0000-4000-8000-000000000002", "name": "reserve", "version": 1, "trigger": {"type": "manual"},
    "inputs": {"sum": {"type": "decimal", "required": True}},
    "steps": [{"id": "double", "type": "set", "values": {"twice": "context.sum * 2"}, "then": {"goto": "book"}},
              act("book", put("reserved", "{{ context.twice }}"))],
}  # fmt: skip
ORDER = {"id": RECORD, "title": "Printer", "amount": 9, "manager": ANN, "lines": ["paper"]}


class Purchase:
    """One purchase from its start to its end, in a process that may die."""

    def __init__(self, process: WorkflowProcess, faults: Faults, striking: EveryPoint | None) -> None:
        self._process, self._faults, self._striking = process, faults, striking

    async def finished(self) -> dict[str, Any]:
        """Goes on until nothing is left to do; answers what is seen from outside."""
        for _ in range(MAX_ROUNDS):
            rows = await self._instances()
            if rows and all(row["status"] != "running" for row in rows):
                return await self._outcome()
            await self._go_on(rows)
        raise AssertionError(f"nothing has come of it: {await self._instances()}")

    async def _instances(self) -> list[Any]:
        sql = f"SELECT status, {store.COLUMNS} FROM workflow.instances ORDER BY created_at, id"
        return list(await self._process.database.fetch(sql))

    async def _go_on(self, rows: list[Any]) -> None:
        process = self._process
        if not rows:
            await self._tried("start", self._start)
            return
        tasks = await self._answered("claim", process.claim) or ()
        for task in tasks:
            name = f"{task.kind} {task.key.replace(task.instance_id, '')} of {rows[0]['id'] == task.instance_id}"
            if not await self._tried(name, partial(process.runner.work, process.app, task)):
                return  # the others were lost with the process: their claims lapse
        if not tasks and not await self._from_outside(rows) and not await process.skip():
            raise AssertionError(f"it is stuck: {[(row['status'], row['state']) for row in rows]}")

    async def _from_outside(self, rows: list[Any]) -> bool:
        """What people and other services do about what waits for them."""
        for row in rows:
            instance = store.read(row)
            if instance.state.waiting and not any("reminder" in key for key in instance.state.timers):
                seat = next(each for each in instance.state.waiting[0].data["seats"] if each["decision"] is None)
                who = ANN if seat["users"] else BEN
                await self._tried(f"decision of {who}", partial(self._decide, instance.id, who))
                return True
            for key, command in instance.state.pending.items():
                if command["type"] in ("await_event", "webhook"):
                    await self._tried(command["type"], partial(self._tell, command["type"], key))
                    return True
        return False

    async def _start(self) -> None:
        process, at = self._process, clock.iso(self._process.now)
        actor = {"id": BEN, "email": USERS[BEN][0], "roles": ["clerk"]}
        workflow = process.workflows.index.by_id[str(PURCHASE["id"])]
        trigger = {"record_id": RECORD, "record": ORDER, "form": {}}
        start = Start(workflow, "manual/1", at, trigger, "order", RECORD, actor, "t" * 36, 0)
        async with process.state.transactions.begin(process.app, due_at=process.now, emits=True) as transaction:
            await starting.start(transaction, start, process.now)

    async def _decide(self, instance_id: str, who: str) -> None:
        identity = Identity(who, USERS[who][0], tuple(USERS[who][1]))
        context = Context(trace_id="c" * 36, app=self._process.app, identity=identity)
        await decide_instance(self._process.state, context, instance_id, True, b'{"comment": "fine"}')

    async def _tell(self, what: str, key: str) -> None:
        process = self._process
        async with process.state.transactions.begin(process.app, due_at=process.now, emits=True) as transaction:
            if what == "webhook":
                answered = WebhookAnswered(
                    trace_id="t" * 36, effect_key=key, workflow_id="w", response={"status": 200}, error=None
                )
                await continuing.by_webhook(transaction, answered, process.now)
            else:
                await continuing.by_event(transaction, {"action": "paid", "metadata": {}}, process.now)

    async def _tried(self, stretch: str, work: Callable[[], Awaitable[Any]]) -> bool:
        return await self._answered(stretch, work, False) is not False

    async def _answered(self, stretch: str, work: Callable[[], Awaitable[Any]], lost: Any = None) -> Any:
        """The result of some work that faults may strike, and `lost` if they did."""
        if self._striking is not None:
            self._striking.begin(stretch)
            self._faults.at = self._striking
        try:
            return await work()
        except (Killed, RocketError) as problem:
            if isinstance(problem, RocketError) and problem.code != "SERVICE_UNAVAILABLE" and not refused(problem):
                raise
            return lost
        finally:
            self._faults.at = lambda name: None

    async def _outcome(self) -> dict[str, Any]:
        shown: dict[str, list[Any]] = {}
        for row in await self._instances():
            instance = store.read(row)
            entries = await store.entries_of(self._process.database, row["id"])
            expected = exact.loads(exact.dumps(state_to_dict(fold(entries))))
            assert expected == exact.loads(exact.dumps(state_to_dict(instance.state))), "the state is the fold"
            for each in filter(None, (entry.shown for entry in entries)):
                said = {name: value for name, value in each.items() if name not in ("at", "scope")}
                shown.setdefault(f"{instance.workflow_name} {each.get('scope', '')}", []).append(said)
        left = "SELECT (SELECT count(*) FROM workflow.tasks) + (SELECT count(*) FROM workflow.approvals) + " \
               "(SELECT count(*) FROM workflow.awaited)"  # fmt: skip
        assert await self._process.database.fetchval(left) == 0
        effects = Counter(self._process.services.effects.values())
        return {"shown": shown, "effects": effects, "signals": await self._process.signals()}


@contextlib.asynccontextmanager
async def bought(
    stack: Stack, client: Client, patch: pytest.MonkeyPatch, striking: EveryPoint | None
) -> AsyncIterator[dict[str, Any]]:
    """The outcome of a purchase in an app of its own."""
    row, faults = await app_row(stack, await client.new_app()), Faults()
    databases = Databases(sibling(stack.database_url, "rocket"), 8)
    app = AppRef(row["id"], "shop", row["database"])
    process = WorkflowProcess(databases, app, faults, [PURCHASE, RESERVE], ORDER)
    with patch.context() as patched, capture_logs():
        faults.install(patched)
        patched.setattr(clock, "now", lambda: process.now)
        try:
            yield await Purchase(process, faults, striking).finished()
        finally:
            await databases.platform.execute("DELETE FROM bus.due WHERE service = 'workflow_in_test'")
            await databases.close()


def differing(found: Mapping[Any, Any], expected: Mapping[Any, Any]) -> list[Any]:
    """What is not as expected."""
    return [
        (key, found.get(key), expected.get(key)) for key in {**found, **expected} if found.get(key) != expected.get(key)
    ]


async def test_whatever_dies_or_is_out_at_every_point_changes_nothing(
    stack: Stack, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bought(stack, client, monkeypatch, None) as expected:
        assert expected["shown"]["purchase "][-1] == {"step": "last", "status": "completed"}
        assert sum(expected["effects"].values()) == 8 and set(expected["effects"].values()) == {1}
    # A dying process does not get to anything else; with a server that is out it goes on, and tries again.
    for striking, least in ((EveryPoint(killed), 200), (EveryPoint(outage, "asking"), 20)):
        async with bought(stack, client, monkeypatch, striking) as outcome:
            assert {name: differing(outcome[name], expected[name]) for name in expected} == {
                name: [] for name in expected
            }
        assert len(striking.points) > least
        struck = {name for _, name, _ in striking.points}
        asked = ("SetFields", "AddRecord", "RemoveRecord", "MoveState", "AddComment", "FetchRecords", "FindPeople")
        assert {f"{when} asking {what}" for when in ("before", "after") for what in asked} <= struck
        assert striking.fault is outage or {"before COMMIT;", "after COMMIT;"} < struck
