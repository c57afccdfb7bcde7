"""The state after an entry: the one place where entries become state. Pure."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping

from libs.shared.schema.renaming import rename_in
from services.workflow.machine import entries as kinds
from services.workflow.machine import seating
from services.workflow.machine.entries import HistoryEntry
from services.workflow.machine.state import (
    ACTING,
    READING,
    READY,
    ROOT,
    RUNNING_INNER,
    SEATING,
    SLEEPING,
    Frame,
    InstanceState,
)

MAX_WARNINGS = 50
"""Warnings of an instance that are kept."""
PHASES = {"record": READING, "action": ACTING, "seats": SEATING, "event": SLEEPING}
"""What a frame does after a command, by what the command is for."""


def fold(entries: Iterable[HistoryEntry], state: InstanceState | None = None) -> InstanceState:
    """The state after these entries; `state` is that before them, and stays as it is."""
    after = copy.deepcopy(state) if state is not None else InstanceState()
    for entry in entries:
        apply(after, entry)
    return after


def apply(state: InstanceState, entry: HistoryEntry) -> None:
    """Change a state as an entry says."""
    FOLDS[entry.kind](state, entry)
    state.seq += 1


def _started(state: InstanceState, entry: HistoryEntry) -> None:
    for name in ("context", "trigger", "initiator"):
        setattr(state, name, dict(entry.data[name]))
    state.frames[ROOT] = Frame(ROOT)


def _adopted(state: InstanceState, entry: HistoryEntry) -> None:
    """An instance of an older version, as its row had it."""
    data = entry.data
    state.status, state.context, state.decider = data["status"], dict(data["context"]), data.get("decider")
    state.trigger, state.initiator, state.visits = dict(data["trigger"]), dict(data["initiator"]), data["visit"]
    if data["status"] == "failed":
        state.failed = {"scope": ROOT, "step": data["step"], "reason": data.get("reason", "")}
    if data["status"] in ("running", "failed") and data["step"] is not None:
        frame = Frame(ROOT, step=data["step"], visit=data["visit"], action=data["action"])
        state.frames[ROOT] = frame
        if data["waiting"]:
            seating.sit(state, frame, data)
        elif state.status == "running":
            state.timers[PAUSE] = {"at": entry.at, "scope": ROOT}


def _entered(state: InstanceState, entry: HistoryEntry) -> None:
    frame = state.frames[entry.scope]
    state.visits = entry.data["visit"]
    frame.step, frame.visit, frame.phase = entry.step, state.visits, READY
    frame.action, frame.tries, frame.data, frame.outputs = 0, 0, {}, []


def _left(state: InstanceState, entry: HistoryEntry) -> None:
    frame = state.frames[entry.scope]
    output = entry.data.get("output")
    frame.last = output
    state.steps[str(entry.step)] = output
    if sets := entry.data.get("sets"):
        state.context.update(sets)
    _forget(state, frame)


def _failed(state: InstanceState, entry: HistoryEntry) -> None:
    """A step has failed. If that ends the instance, everything stays where it is, so that it can go on there."""
    if entry.data["fatal"]:
        state.status = "failed"
        state.failed = {"scope": entry.scope, "step": entry.step, "reason": entry.data["reason"]}
    else:
        _forget(state, state.frames[entry.scope])


def _ended(state: InstanceState, entry: HistoryEntry) -> None:
    state.status = entry.data["status"]
    state.decider = entry.data.get("decider", state.decider)
    state.frames, state.pending, state.timers, state.failed = {}, {}, {}, None


def _record_seen(state: InstanceState, entry: HistoryEntry) -> None:
    frame = state.frames[entry.scope]
    state.pending.pop(entry.data["key"], None)
    frame.data["record"] = entry.data["record"]
    frame.phase = READY


def _asked(state: InstanceState, entry: HistoryEntry) -> None:
    data = entry.data
    state.pending[data["key"]] = {**data["command"], "scope": entry.scope}
    if phase := PHASES.get(data["for"]):
        state.frames[entry.scope].phase = phase
    if fired := data.get("fired"):
        state.timers.pop(fired, None)
    if at := data.get("until"):
        state.timers[f"{data['key']}/timeout"] = {"at": at, "scope": entry.scope}


def _sent(state: InstanceState, entry: HistoryEntry) -> None:
    """Somebody answers the command later, so that it is not to be made again."""
    state.pending[entry.data["key"]] |= {"sent": True, **entry.data["output"]}


def _answered(state: InstanceState, entry: HistoryEntry) -> None:
    frame = state.frames[entry.scope]
    state.pending.pop(entry.data["key"], None)
    frame.action += 1
    frame.last = entry.data.get("output")
    frame.phase = READY
    frame.data.pop("record", None)  # as it is now, for the next action


def _requested(state: InstanceState, entry: HistoryEntry) -> None:
    frame = state.frames[entry.scope]
    frame.action += 1
    frame.last = {}


def _slept(state: InstanceState, entry: HistoryEntry) -> None:
    state.frames[entry.scope].phase = SLEEPING
    state.timers[entry.data["key"]] = {"at": entry.data["at"], "scope": entry.scope}


def _paused(state: InstanceState, entry: HistoryEntry) -> None:
    state.timers[PAUSE] = {"at": entry.at, "scope": ROOT}


def _resumed(state: InstanceState, entry: HistoryEntry) -> None:
    state.timers.pop(PAUSE, None)


def _opened(state: InstanceState, entry: HistoryEntry) -> None:
    data = entry.data
    frame = state.frames[entry.scope]
    if "items" in data:
        frame.data["items"] = data["items"]
        frame.outputs = [None] * len(data["items"])
    frame.phase = RUNNING_INNER
    for each in data["frames"]:
        frame.data["open"] = frame.data.get("open", 0) + 1
        state.frames[each["path"]] = Frame(
            each["path"], list_of=each["list_of"], parent=entry.scope, item=each.get("item"), index=each.get("index")
        )


def _closed(state: InstanceState, entry: HistoryEntry) -> None:
    """A branch or a round has ended; its frame is gone."""
    inner = state.frames.pop(entry.scope)
    frame = state.frames[str(inner.parent)]
    frame.data["open"] -= 1
    if entry.data["status"] == "done":
        frame.data["done"] = frame.data.get("done", 0) + 1
        if inner.index is not None:
            frame.outputs[inner.index] = entry.data.get("output")
        else:
            frame.data.setdefault("outputs", {})[entry.data["name"]] = entry.data.get("output")


def _dropped(state: InstanceState, entry: HistoryEntry) -> None:
    """Everything within a frame is cancelled, and the frame itself unless it goes on elsewhere."""
    prefix = f"{entry.scope}/" if entry.scope else ""
    gone = [path for path in state.frames if path != entry.scope and path.startswith(prefix)]
    if not entry.data.get("keeps"):
        gone.append(entry.scope)
    for path in gone:
        _forget(state, state.frames[path])
        del state.frames[path]
    if entry.data.get("keeps"):
        _forget(state, state.frames[entry.scope])


def _retried(state: InstanceState, entry: HistoryEntry) -> None:
    frame = state.frames[entry.scope]
    state.status, state.failed = "running", None
    frame.phase = READY
    frame.tries += 1
    frame.data = {}
    frame.outputs = []
    state.pending = {key: each for key, each in state.pending.items() if each["scope"] != entry.scope}


def _migrated(state: InstanceState, entry: HistoryEntry) -> None:
    for frame in state.frames.values():
        mapping = entry.data["mapping"]
        frame.step = mapping.get(frame.step, frame.step)
        owner, slash, branch = frame.list_of.partition("/")
        frame.list_of = f"{mapping.get(owner, owner)}{slash}{branch}"
    if state.failed:
        state.failed["step"] = mapping_of(entry, state.failed["step"])


def mapping_of(entry: HistoryEntry, step: str) -> str:
    """The step that another one has become."""
    return str(entry.data["mapping"].get(step, step))


def _returned(state: InstanceState, entry: HistoryEntry) -> None:
    state.decider = entry.data["decider"]


def _renamed(state: InstanceState, entry: HistoryEntry) -> None:
    """What it is about to do, and what it knows of its record, have the names of today."""
    for each in entry.data["renames"]:
        state.renames = each["id"]
        for key, command in state.pending.items():
            state.pending[key] = rename_in(command, each["entity"], each["new_name"], each["fields"])
        for name in ("record", "old") if each["own"] else ():
            if isinstance(record := state.trigger.get(name), Mapping):
                state.trigger[name] = {each["fields"].get(field, field): value for field, value in record.items()}


def _warned(state: InstanceState, entry: HistoryEntry) -> None:
    state.warnings = [*state.warnings[-MAX_WARNINGS:], {"message": entry.data["message"]}]


def _nothing(state: InstanceState, entry: HistoryEntry) -> None:
    """An entry that changes nothing."""


def _forget(state: InstanceState, frame: Frame) -> None:
    """What a frame waits for is no longer waited for."""
    state.pending = {key: each for key, each in state.pending.items() if each["scope"] != frame.path}
    state.timers = {key: each for key, each in state.timers.items() if each["scope"] != frame.path or key == PAUSE}


PAUSE = "pause"
"""The key of the timer by which a long stretch goes on."""

FOLDS: Mapping[str, Callable[[InstanceState, HistoryEntry], None]] = {
    kinds.STARTED: _started, kinds.ADOPTED: _adopted, kinds.NOTED: _nothing,
    kinds.ENTERED: _entered, kinds.LEFT: _left, kinds.FAILED: _failed, kinds.ENDED: _ended,
    kinds.RECORD_SEEN: _record_seen, kinds.ASKED: _asked, kinds.SENT: _sent, kinds.ANSWERED: _answered,
    kinds.WARNED: _warned, kinds.REQUESTED: _requested, kinds.SLEPT: _slept, kinds.PAUSED: _paused,
    kinds.RESUMED: _resumed, kinds.OPENED: _opened, kinds.CLOSED: _closed, kinds.DROPPED: _dropped,
    kinds.SEATED: seating.seated, kinds.DECIDED: seating.decided, kinds.REMINDED: seating.reminded,
    kinds.ESCALATED: seating.escalated, kinds.REASSIGNED: seating.reassigned, kinds.RETURNED: _returned,
    kinds.RETRIED: _retried, kinds.MIGRATED: _migrated, kinds.DELETED: _nothing, kinds.RENAMED: _renamed,
}  # fmt: skip
"""Kind of entry → how it changes a state."""
