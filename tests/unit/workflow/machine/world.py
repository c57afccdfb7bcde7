"""Runs instances in memory: commands are carried out at once, the test sets the time, effects are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from libs.shared import clock, exact
from libs.shared.schema.workflows import WorkflowDefinition
from services.workflow.history.codec import state_to_dict
from services.workflow.machine.deciding import decide
from services.workflow.machine.entries import HistoryEntry
from services.workflow.machine.folding import fold
from services.workflow.machine.inputs import Answer, Begin, Decide, Decider, Fire, Input, Look, Refusal, TakenOver
from services.workflow.machine.plan import StepPlan, plan_of
from services.workflow.machine.state import InstanceState
from tests.unit.workflow.examples import NOW, RECORD

PEOPLE = {
    "ann": Decider("ann", "ann@x", ("boss", "clerk")),
    "ben": Decider("ben", "ben@x", ("boss",)),
    "cyd": Decider("cyd", "cyd@x", ("clerk",)),
    "dan": Decider("dan", "dan@x", ()),
    "root": Decider("root", "root@x", ("admin",)),
}
INITIATOR = {"id": "dan", "email": "dan@x", "roles": []}


def workflow(*steps: Mapping[str, Any], **more: Any) -> WorkflowDefinition:
    """A definition that somebody starts for a record."""
    about = {"type": "manual", "entity": "invoice"}
    return WorkflowDefinition.model_validate({"name": "w", "trigger": about, "steps": list(steps), **more})


class World:
    """One instance and what it acts on. `refusing` are actions that fail: fields that are set, or events."""

    def __init__(self, definition: WorkflowDefinition, refusing: Iterable[Any] = (), **context: Any) -> None:
        self.plan: StepPlan = plan_of(definition)
        self.now: datetime = NOW
        self.record: dict[str, Any] | None = {"id": RECORD, "amount": 5, "manager": "ann", "lines": [1, 2, 3]}
        self.effects: Counter[str] = Counter()
        self.done: list[Any] = []
        """What actions have done, in order: the values that they have set."""
        self.refusing = set(refusing)
        self.history: list[HistoryEntry] = []
        self.children: dict[str, Mapping[str, Any]] = {}
        """Started instances that have not ended, by the key of their command."""
        self.state = InstanceState()
        self.give(Begin({"record_id": RECORD, "record": dict(self.record)}, context, INITIATOR))

    def give(self, given: Input) -> None:
        """Give the instance an input, and carry out its commands."""
        self.tell(given)
        self.settle()

    def tell(self, given: Input) -> None:
        """Give the instance an input without carrying out its commands."""
        before = exact.dumps(encoded(self.state))
        changed = decide(self.plan, self.state, given, self.now, "i")
        assert exact.dumps(encoded(self.state)) == before, "a decision changes nothing but what it returns"
        self.history += changed.entries
        for entry in changed.entries:
            if entry.kind == "requested":
                self._do(entry.data["key"], entry.data["command"])
        self.state = changed.state
        refolded = fold(self.history)
        assert encoded(refolded) == encoded(self.state), "the state is the fold of the history"

    def settle(self) -> None:
        """Carry out commands, and continue pauses, until the instance waits for something else."""
        while self.state.status == "running":
            if "pause" in self.state.timers:
                self.tell(Look())
            elif open_commands := [key for key, each in self.state.pending.items() if not each.get("sent")]:
                self.tell(self.carry_out(open_commands[0]))
            else:
                return

    def carry_out(self, key: str) -> Input:
        """The result of a command."""
        command = self.state.pending[key]
        match command["type"]:
            case "read_record":
                return Answer(key, {"record": self.record})
            case "resolve_seats":
                return Answer(key, {"seats": [_people(seat) for seat in command["seats"]]})
            case "start_child":
                self.children[key] = command
                return TakenOver(key, {"instance_id": f"child of {key}"}) if command["wait"] else Answer(key, {})
        if command.get("field") in self.refusing or command.get("event") in self.refusing:
            return Refusal(key, "it is refused")
        self._do(key, command)
        return Answer(key, {"record_id": command.get("record_id", "new"), "record": {}})

    def wait(self, length: timedelta) -> None:
        """Let time pass, timer by timer."""
        until = self.now + length
        while due := sorted((timer["at"], key) for key, timer in self.state.timers.items() if self.running):
            at, key = due[0]
            if clock.parse(at) > until:
                break
            self.now = max(self.now, clock.parse(at))
            self.give(Fire(key))
        self.now = until

    def decide(self, name: str, approved: bool = True, **more: Any) -> None:
        """A person decides."""
        self.give(Decide(approved, PEOPLE[name], **more))

    @property
    def running(self) -> bool:
        return self.state.status == "running"

    @property
    def steps(self) -> list[str]:
        """The steps that the instance is at."""
        return sorted(self.state.current_steps)

    @property
    def shown(self) -> list[tuple[Any, str]]:
        """The history that the API shows: step and status."""
        return [(each["step"], each["status"]) for entry in self.history if (each := entry.shown)]

    def _do(self, key: str, command: Mapping[str, Any]) -> None:
        self.effects[key] += 1
        self.done.append(command.get("value", command.get("event")))


def _people(seat: Mapping[str, Any]) -> dict[str, Any]:
    """The users that a seat means, as the gateway returns them."""
    if role := seat.get("role"):
        holders = [_user(each) for each in PEOPLE.values() if role in each.roles]
        return {"role": role, "users": holders, "empty": not holders}
    named = seat.get("people") or seat.get("named") or []
    found = [_user(PEOPLE[name]) for name in named if name in PEOPLE]
    return {"users": found, "empty": not found}


def _user(person: Decider) -> dict[str, str]:
    return {"id": person.id, "email": person.email}


def encoded(state: InstanceState) -> Any:
    """A state as JSON holds it."""
    return exact.loads(exact.dumps(state_to_dict(state)))
