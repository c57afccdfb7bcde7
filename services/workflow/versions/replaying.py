"""A past instance run again by a definition, with what it met then, in the same order. Pure.

What the definition asks for that was not asked then is unknown, except for new actions, which are taken to succeed;
what came then and has no place any more is left out. Timers that were not there then fire when they are due.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from libs.shared import clock
from libs.shared.errors import RocketError
from services.workflow.machine.deciding import decide
from services.workflow.machine.entries import HistoryEntry
from services.workflow.machine.folding import PAUSE
from services.workflow.machine.inputs import Answer, Cancel, Fire, Input, Look, Refusal, RetryFailed
from services.workflow.machine.plan import StepPlan
from services.workflow.machine.state import InstanceState, Json
from services.workflow.versions.recorded import Met, Question, Recorded, timer_of

MAX_INPUTS = 20_000
"""Inputs of one instance that is run again."""


class Unknown(Exception):
    """Something that the past does not tell."""


@dataclass(slots=True)
class Replayed:
    """An instance that was run again. `assumed` are new actions that were taken to succeed."""

    state: InstanceState
    history: list[HistoryEntry] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Acts of people that the definition refuses."""


def replay(plan: StepPlan, past: Recorded, instance_id: str) -> Replayed:
    """Run an instance again until it ends. Raises Unknown."""
    if past.begin is None:
        raise Unknown(past.why)
    return _Replay(plan, past, instance_id).run()


class _Replay:
    def __init__(self, plan: StepPlan, past: Recorded, instance_id: str) -> None:
        self._plan, self._past, self._id = plan, past, instance_id
        self._now: datetime = clock.parse(past.began_at)
        self._met = deque(past.met)
        self._inputs = 0
        self._result = Replayed(InstanceState())

    @property
    def _state(self) -> InstanceState:
        return self._result.state

    def run(self) -> Replayed:
        assert self._past.begin is not None
        self._give(self._past.begin)
        while self._state.status == "running" or self._is_retried():
            if PAUSE in self._state.timers:
                self._give(Look())
            elif key := next((key for key in self._state.pending if self._is_new(key)), None):
                self._give(self._assumed(key))
            elif timer := self._new_timer():
                self._fire(timer)
            elif self._met:
                self._meet(self._met.popleft())
            elif timer := self._first_timer():
                self._fire(timer)
            else:
                raise Unknown(f"{', '.join(self._state.current_steps)}: what it waits for did not happen then")
        return self._result

    def _give(self, given: Input) -> None:
        self._inputs += 1
        if self._inputs > MAX_INPUTS:
            raise Unknown(f"it takes more than {MAX_INPUTS} inputs")
        advanced = decide(self._plan, self._state, given, self._now, self._id)
        self._result.history += advanced.entries
        self._result.state = advanced.state

    def _is_retried(self) -> bool:
        """Whether somebody goes on with what has failed."""
        return self._state.status == "failed" and any(isinstance(m.given, RetryFailed | Cancel) for m in self._met)

    def _meet(self, met: Met) -> None:
        self._now = max(self._now, clock.parse(met.at))
        if met.given is not None:
            try:
                self._give(met.given)
            except RocketError as problem:
                self._result.refused.append(f"{met.step or 'cancel'}: {problem.message}")
        elif met.timer is not None:
            keys = [key for key, each in self._state.timers.items() if each["scope"] == met.scope]
            if key := next((key for key in keys if timer_of(key) == met.timer), None):
                self._fire(key)
        elif met.question is not None and (key := self._asked_now(met)):
            self._give(self._answer(key, met))

    def _fire(self, key: str) -> None:
        self._now = max(self._now, clock.parse(self._state.timers[key]["at"]))
        self._give(Fire(key))

    def _asked_now(self, met: Met) -> str | None:
        """The pending command that an answer of the past is for."""
        for key, command in self._state.pending.items():
            if self._question(command) == met.question and _is_alike(met.command, command):
                return key
        return None

    def _answer(self, key: str, met: Met) -> Input:
        command = self._state.pending[key]
        if met.refused is not None:
            return Refusal(key, met.refused)
        if command["type"] != "resolve_seats":
            return Answer(key, met.output or {})
        if met.output is not None:  # of an escalation
            roles = met.output["roles"]
            return Answer(key, {"seats": [{"users": met.output["users"], "role": roles[0] if roles else None}]})
        return Answer(key, {"seats": [self._persons(seat) for seat in command["seats"]]})

    def _is_new(self, key: str) -> bool:
        """Whether a command is one that was not made then."""
        command = self._state.pending[key]
        question = self._question(command)
        if question not in self._past.asked:
            return True
        # Asked then and answered, but for something else.
        answers = [met for met in self._met if met.question == question]
        return bool(answers) and not any(_is_alike(met.command, command) for met in answers)

    def _assumed(self, key: str) -> Input:
        """The answer to a question that nobody asked then. Raises Unknown."""
        command = self._state.pending[key]
        step = self._question(command).step
        match command["type"]:
            case "read_record":
                return Answer(key, {"record": self._past.last_record})
            case "resolve_seats":
                return Answer(key, {"seats": [self._persons(seat) for seat in command["seats"]]})
            case "start_child":
                raise Unknown(f"{step}: the workflow {command['workflow']} was not started then")
            case "await_event":
                raise Unknown(f"{step}: nobody waited for the event {command['event']} then")
        self._result.assumed.append(f"{step}: {command['type']}")
        return Answer(key, {"record_id": command.get("record_id"), "record": self._past.last_record})

    def _new_timer(self) -> str | None:
        """The first timer that was not there then, if it is due before what was met next."""
        until = clock.parse(self._met[0].at) if self._met else None
        for at, key, scope in self._timers():
            is_known = (scope, timer_of(key), self._state.timers[key]["at"]) in self._past.timers
            if not is_known and (until is None or at < until):
                return key
        return None

    def _first_timer(self) -> str | None:
        return next((key for _, key, _ in self._timers()), None)

    def _timers(self) -> list[tuple[datetime, str, str]]:
        return sorted((clock.parse(each["at"]), key, each["scope"]) for key, each in self._state.timers.items())

    def _persons(self, seat: Mapping[str, Any]) -> Json:
        """Whom a seat means, by the persons of that time."""
        role, known = seat.get("role"), self._past.seats
        named = [str(each) for each in seat.get("people") or seat.get("named") or ()]
        if not role and len(named) == 1 and any(named[0] in each["roles"] for each in known):
            role = named[0]
        if role:
            holders = [user for each in known if role in each["roles"] for user in each["users"]]
            empty = any(role in each["roles"] and each["admins"] for each in known)
            return {"role": role, "users": holders if seat.get("each") else [], "empty": empty}
        users = {user["id"]: user for each in known for user in each["users"]}
        by_name = {**{user["email"]: user for user in users.values()}, **users}
        found = [by_name.get(name, {"id": name, "email": name}) for name in named]
        return {"users": found, "empty": not found}

    def _question(self, command: Mapping[str, Any]) -> Question:
        frame = self._state.frames[command["scope"]]
        return Question(frame.path, str(frame.step), command["type"], frame.action)


def _is_alike(then: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether a command does the same to the same kind of record, so that its answer holds for it, too."""
    return all(then.get(name) == now.get(name) for name in ("type", "entity", "field", "workflow", "event"))
