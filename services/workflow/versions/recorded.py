"""What an instance has met, in order, taken from its history: acts of people, answers, events, timers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from services.workflow.machine import entries as kinds
from services.workflow.machine.entries import HistoryEntry
from services.workflow.machine.inputs import Begin, Cancel, Decide, Decider, Input, Reassign, RetryFailed, Return
from services.workflow.machine.state import Json


class Question(NamedTuple):
    """A command of a step: where, of which type, and of which of its actions."""

    scope: str
    step: str
    type: str
    action: int = 0


@dataclass(frozen=True, slots=True)
class Met:
    """Something that came from outside at a time: what a person did (`given`), the answer to a question (`question`,
    with `output` or `refused`), or that a timer fired (`timer`, the end of its key)."""

    at: str
    scope: str
    step: str | None
    given: Input | None = None
    question: Question | None = None
    command: Mapping[str, Any] = field(default_factory=dict)
    output: Any = None
    refused: str | None = None
    timer: str | None = None


@dataclass(slots=True)
class Recorded:
    """The past of an instance. Without `begin` it can't be run again, as `why` says."""

    begin: Begin | None = None
    began_at: str = ""
    why: str = "it was started before histories were kept"
    met: list[Met] = field(default_factory=list)
    asked: set[Question] = field(default_factory=set)
    """All questions; some were never answered, as nobody waited for them any more."""
    timers: set[tuple[str, str, str]] = field(default_factory=set)
    """All timers, by scope, purpose and time; some never fired, as their steps ended before."""
    last_record: Any = None
    seats: list[Json] = field(default_factory=list)
    """All seats that there were, for the persons whom they named."""


def recorded(entries: Sequence[HistoryEntry]) -> Recorded:
    """The past that a history tells."""
    reader = _Reader()
    for entry in entries:
        if read := READERS.get(entry.kind):
            read(reader, entry)
    return reader.found


class _Reader:
    """Reads a history entry by entry, and knows what each scope waits for."""

    def __init__(self) -> None:
        self.found = Recorded()
        self._questions: dict[str, tuple[Question, Mapping[str, Any]]] = {}
        """Key of a command → what it asked."""
        self._open: dict[str, str] = {}
        """Scope → the key of the command that it waits for."""
        self._sleeping: dict[str, str] = {}
        """Scope → the timer that ends its step: of a wait, or a deadline."""
        self._actions: dict[str, int] = {}

    def _add(self, entry: HistoryEntry, **what: Any) -> None:
        self.found.met.append(Met(entry.at, entry.scope, entry.step, **what))

    def _answer(self, entry: HistoryEntry, key: str, output: Any = None, refused: str | None = None) -> None:
        if key in self._questions:
            question, command = self._questions[key]
            self._add(entry, question=question, command=command, output=output, refused=refused)
        if self._open.get(entry.scope) == key:
            del self._open[entry.scope]

    def started(self, entry: HistoryEntry) -> None:
        data = entry.data
        self.found.begin = Begin(data["trigger"], data["context"], data["initiator"])
        self.found.began_at = entry.at
        self.found.last_record = data["trigger"].get("record")

    def migrated(self, entry: HistoryEntry) -> None:
        self.found.begin, self.found.why = None, "it was moved to another version on its way"

    def entered(self, entry: HistoryEntry) -> None:
        self._actions[entry.scope] = 0
        for waiting in (self._open, self._sleeping):
            waiting.pop(entry.scope, None)

    def retried(self, entry: HistoryEntry) -> None:
        self._add(entry, given=RetryFailed(Decider(entry.data["by"], roles=("admin",))))
        self._open.pop(entry.scope, None)

    def requested(self, entry: HistoryEntry) -> None:
        self._actions[entry.scope] = self._actions.get(entry.scope, 0) + 1

    def asked(self, entry: HistoryEntry) -> None:
        key, command = entry.data["key"], entry.data["command"]
        if fired := entry.data.get("fired"):
            self._add(entry, timer=timer_of(fired))
        question = Question(entry.scope, str(entry.step), command["type"], self._actions.get(entry.scope, 0))
        if until := entry.data.get("until"):
            self.found.timers.add((entry.scope, "timeout", until))
        self._questions[key] = (question, command)
        self._open[entry.scope] = key
        self.found.asked.add(question)

    def record_seen(self, entry: HistoryEntry) -> None:
        self._answer(entry, entry.data["key"], {"record": entry.data["record"]})
        self.found.last_record = entry.data["record"]

    def answered(self, entry: HistoryEntry) -> None:
        self._answer(entry, entry.data["key"], entry.data.get("output") or {})
        self._actions[entry.scope] = self._actions.get(entry.scope, 0) + 1

    def seated(self, entry: HistoryEntry) -> None:
        self.found.seats += entry.data["seats"]
        for key, at in (entry.data.get("timers") or {}).items():
            self.found.timers.add((entry.scope, timer_of(key), at))
        self._answer(entry, entry.data.get("key", ""))
        self._sleeping[entry.scope] = "deadline"

    def escalated(self, entry: HistoryEntry) -> None:
        self._answer(entry, entry.data["key"], {"users": entry.data["users"], "roles": entry.data["roles"]})

    def slept(self, entry: HistoryEntry) -> None:
        self.found.timers.add((entry.scope, "wait", entry.data["at"]))
        self._sleeping[entry.scope] = "wait"

    def reminded(self, entry: HistoryEntry) -> None:
        self._add(entry, timer=timer_of(entry.data["key"]))

    def left(self, entry: HistoryEntry) -> None:
        """What ended a step: a timer, the event that was waited for, the end of a sub-workflow."""
        output, key = entry.data.get("output") or {}, self._open.get(entry.scope)
        kind = self._questions[key][0].type if key else None
        sleeping = self._sleeping.pop(entry.scope, None)
        if kind == "await_event" and entry.data["status"] == "timed_out":
            self._add(entry, timer="timeout")
        elif key and kind == "await_event":
            self._answer(entry, key, output.get("event") or {})
        elif key and kind == "start_child":
            self._answer(entry, key, output)
        elif sleeping == "wait" or (sleeping == "deadline" and entry.data["status"] == "timed_out"):
            self._add(entry, timer=sleeping)

    def failed(self, entry: HistoryEntry) -> None:
        """A refusal, if the step waited for an answer."""
        key = self._open.get(entry.scope)
        if key and self._questions[key][0].step == entry.step:
            self._answer(entry, key, refused=entry.data["reason"])

    def decided(self, entry: HistoryEntry) -> None:
        data = entry.data
        behalf = data.get("on_behalf_of")
        roles = {role for seat in self.found.seats if seat["id"] == data["seat_id"] for role in seat["roles"]}
        delegator = Decider(behalf, data.get("on_behalf_of_email", ""), tuple(sorted(roles))) if behalf else None
        self._add(entry, given=Decide(
            data["decision"] == "approved", decider_in(data["decider"]), delegator, data.get("comment", ""),
            data.get("form"), step=entry.scope or entry.step, override=bool(data.get("override")),
        ))  # fmt: skip

    def reassigned(self, entry: HistoryEntry) -> None:
        role = entry.data["roles"][0] if entry.data["roles"] else None
        by, users = Decider(entry.data["by"], roles=("admin",)), tuple(entry.data["users"])
        self._add(entry, given=Reassign(by, users, role, entry.data["seat_id"], entry.scope or entry.step))

    def returned(self, entry: HistoryEntry) -> None:
        by = decider_in(entry.data["decider"])
        self._add(entry, given=Return(by, entry.data["to"], entry.data["comment"], entry.scope or entry.step))

    def ended(self, entry: HistoryEntry) -> None:
        if entry.data["status"] == "cancelled":
            self._add(entry, given=Cancel(entry.data.get("reason") or ""))


READERS: Mapping[str, Callable[[_Reader, HistoryEntry], None]] = {
    kinds.STARTED: _Reader.started, kinds.MIGRATED: _Reader.migrated, kinds.ENTERED: _Reader.entered,
    kinds.RETRIED: _Reader.retried, kinds.REQUESTED: _Reader.requested, kinds.ASKED: _Reader.asked,
    kinds.RECORD_SEEN: _Reader.record_seen, kinds.ANSWERED: _Reader.answered, kinds.SEATED: _Reader.seated,
    kinds.ESCALATED: _Reader.escalated, kinds.SLEPT: _Reader.slept, kinds.REMINDED: _Reader.reminded,
    kinds.LEFT: _Reader.left, kinds.FAILED: _Reader.failed, kinds.DECIDED: _Reader.decided,
    kinds.REASSIGNED: _Reader.reassigned, kinds.RETURNED: _Reader.returned, kinds.ENDED: _Reader.ended,
}  # fmt: skip
"""Kind of entry → how it is read."""


def timer_of(key: str) -> str:
    """What a timer is for, by its key `<effect key>/<what>`, as in `deadline`, `reminder/0`."""
    parts = key.split("/")
    return "/".join(parts[-2:]) if parts[-1].isdigit() else parts[-1]


def decider_in(kept: Mapping[str, Any]) -> Decider:
    """A person as the history keeps them."""
    return Decider(kept["id"], kept.get("email") or "", tuple(kept.get("roles") or ()))


def path_of(entries: Iterable[HistoryEntry]) -> dict[str, list[tuple[str, str]]]:
    """Scope → the steps that have ended there, and how."""
    path: dict[str, list[tuple[str, str]]] = {}
    for entry in entries:
        if entry.kind == kinds.LEFT or (entry.kind == kinds.FAILED and not entry.data.get("fatal")):
            path.setdefault(entry.scope, []).append((str(entry.step), entry.data.get("status", "failed")))
    return path
