"""A worker that dies at any point changes nothing: the instance has the same outcome, and each effect occurs once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from libs.shared import clock, exact
from services.workflow.history.codec import state_from_dict, state_to_dict
from services.workflow.history.projecting import COMMAND, tasks_of
from services.workflow.machine.deciding import decide
from services.workflow.machine.entries import HistoryEntry
from services.workflow.machine.folding import fold
from services.workflow.machine.inputs import Answer, Begin, Decide, Fire, Input
from services.workflow.machine.plan import plan_of
from services.workflow.machine.state import InstanceState
from tests.unit.workflow.examples import NOW, RECORD
from tests.unit.workflow.machine.builders import act, fork, loop, rest
from tests.unit.workflow.machine.world import INITIATOR, PEOPLE, workflow

MAX_POINTS = 500
DEFINITION = workflow(
    act("first", 1, 2, then={"goto": "ask"}),
    {"id": "ask", "type": "approval", "approvers": [{"role": "boss"}, {"path": "record.manager"}], "mode": "all",
     "timeout": "5h", "reminders": ["1h"], "on_approve": {"goto": "both"}},
    fork("both", "all", a=[rest("nap", then={"goto": "x"}), act("x", 3)], b=[loop("each", act("y", "{{ item }}"))])
    | {"then": {"goto": "child"}},
    {"id": "child", "type": "sub_workflow", "workflow": "other", "then": {"goto": "tell"}},
    {"id": "tell", "type": "action", "actions": [
        {"type": "send_event", "event": "done", "payload": {"n": "{{ steps.ask.decision }}"}},
        {"type": "webhook", "url": "http://127.0.0.1:1/", "wait": True}]},
)  # fmt: skip


class Killed(Exception):
    """The worker dies."""


class Durable:
    """What survives a worker: the committed history and state, the effects in other services by key, and the time."""

    def __init__(self) -> None:
        self.history: list[HistoryEntry] = []
        self.row = exact.dumps(state_to_dict(InstanceState()))
        self.effects: dict[str, Any] = {}
        self.signals: list[str] = []
        self.now = NOW


class Worker:
    """Works until the instance has ended. `dies` is called at every point, and kills it there by returning true."""

    def __init__(self, durable: Durable, dies: Callable[[str], bool]) -> None:
        self._durable = durable
        self._plan = plan_of(DEFINITION)
        self._dies = dies

    def run(self) -> None:
        durable = self._durable
        if not durable.history:
            self._commit(Begin({"record_id": RECORD, "record": {}}, {"items": ["p", "q"]}, INITIATOR))
        while self._state().status == "running":
            self._step(self._state())

    def _step(self, state: InstanceState) -> None:
        tasks = sorted(tasks_of(state, self._durable.now).items(), key=lambda task: (task[1], task[0]))
        due = [task for task, at in tasks if at <= self._durable.now]
        if due:
            task = due[0]
            self._commit(self._carried_out(task.key, state) if task.kind == COMMAND else Fire(task.key))
        elif outside := [key for key, each in state.pending.items() if each.get("sent")]:
            self._commit(Answer(outside[0], {"response": {"status": 200}, "status": "completed", "context": {}}))
        elif state.waiting:
            self._decide(state)
        else:
            self._durable.now = max(self._durable.now, min(clock.parse(each["at"]) for each in state.timers.values()))

    def _decide(self, state: InstanceState) -> None:
        """After the reminder, a person with an open seat approves."""
        open_seats = [seat for seat in state.waiting[0].data["seats"] if seat["decision"] is None]
        if any("reminder" in key for key in state.timers):
            self._durable.now += timedelta(hours=1)
            return
        by = PEOPLE["ann"] if any(seat["users"] for seat in open_seats) else PEOPLE["ben"]
        self._commit(Decide(True, by))

    def _carried_out(self, key: str, state: InstanceState) -> Input:
        """Carry out a command. The other service applies it once per key, and returns the first result again."""
        command = state.pending[key]
        self._point(f"before {key}")
        results: dict[str, Any] = {
            "read_record": {"record": {"manager": "ann"}},
            "resolve_seats": {"seats": [{"role": "boss", "users": [], "empty": False},
                                        {"users": [{"id": "ann", "email": "ann@x"}], "empty": False}]},
            "start_child": {"instance_id": "c", "status": "completed", "context": {}},
        }  # fmt: skip
        fresh = results.get(command["type"], {"record_id": RECORD, "record": {"number": len(self._durable.effects)}})
        result = self._durable.effects.setdefault(key, fresh)
        self._point(f"after {key}")
        return Answer(key, result)

    def _commit(self, given: Input) -> None:
        """Commit the result of an input in one transaction."""
        state = self._state()
        advanced = decide(self._plan, state, given, self._durable.now, "i")
        self._point(f"before committing {type(given).__name__}")
        assert len(self._durable.history) == state.seq, "nobody else has appended"
        self._durable.history += advanced.entries
        told = [entry.data["key"] for entry in advanced.entries if entry.kind in ("requested", "asked")
                and (entry.kind == "requested" or entry.data["command"].get("sent"))]  # fmt: skip
        self._durable.signals += told
        self._durable.row = exact.dumps(state_to_dict(advanced.state))
        self._point(f"after committing {type(given).__name__}")

    def _state(self) -> InstanceState:
        return state_from_dict(exact.loads(self._durable.row))

    def _point(self, name: str) -> None:
        if self._dies(name):
            raise Killed(name)


def outcome(durable: Durable) -> dict[str, Any]:
    """The outcome as seen from outside, without times."""
    shown = [{k: v for k, v in each.items() if k != "at"} for entry in durable.history if (each := entry.shown)]
    assert state_to_dict(fold(durable.history)) == state_to_dict(state_from_dict(exact.loads(durable.row)))
    return {"shown": shown, "effects": list(durable.effects), "signals": durable.signals}


def undisturbed() -> tuple[dict[str, Any], int]:
    """The outcome of a run without kills, and the number of its points."""
    durable, points = Durable(), list[str]()

    def survives(name: str) -> bool:
        points.append(name)
        return False

    Worker(durable, survives).run()
    return outcome(durable), len(points)


EXPECTED, POINTS = undisturbed()


def test_the_undisturbed_run_goes_through_every_kind_of_step() -> None:
    assert 40 < POINTS < MAX_POINTS
    assert EXPECTED["shown"][-1] == {"step": "tell", "status": "completed"}
    assert len(EXPECTED["signals"]) == len(set(EXPECTED["signals"])) == 2


@pytest.mark.parametrize("point", range(POINTS))
def test_a_kill_at_any_point_changes_nothing(point: int) -> None:
    durable = Durable()
    points = iter(range(MAX_POINTS))
    with pytest.raises(Killed):
        Worker(durable, lambda name: next(points) == point).run()
    Worker(durable, lambda name: False).run()
    assert outcome(durable) == EXPECTED


def test_a_worker_that_dies_at_every_point_in_turn_still_gets_there() -> None:
    durable, deaths = Durable(), 0
    seen: set[str] = set()

    def dies(name: str) -> bool:
        first = f"{len(durable.history)} {name}" not in seen
        seen.add(f"{len(durable.history)} {name}")
        return first

    while deaths < MAX_POINTS:
        try:
            Worker(durable, dies).run()
            break
        except Killed:
            deaths += 1
    assert deaths >= POINTS / 2 and outcome(durable) == EXPECTED
