"""The graph of an instance: the steps of its definition, where it is, where it was, and the ways it took. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from libs.shared import clock
from libs.shared.schema.workflows import END, ConditionStep
from libs.shared.schema.workflows.structure import targets
from services.workflow.machine import entries as kinds
from services.workflow.machine.entries import HistoryEntry
from services.workflow.machine.plan import StepPlan
from services.workflow.machine.state import InstanceState, Json

WAYS: Mapping[str, tuple[str, ...]] = {
    "completed": ("then",),
    "on_true": ("on_true", "branches"),
    "on_false": ("on_false", "otherwise"),
    "approved": ("on_approve",),
    "rejected": ("on_reject",),
    "timed_out": ("on_timeout",),
    "failed": ("on_failure",),
}
"""How a step ended → the keys of its definition that lead on from there."""
RETURNED = "returned"


@dataclass(slots=True)
class _Passage:
    """What has happened at the steps of an instance so far."""

    visits: Counter[str] = field(default_factory=Counter)
    entered: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    ended_as: dict[str, str] = field(default_factory=dict)
    taken: set[tuple[str, str, str]] = field(default_factory=set)
    """From, to, and how the first one ended."""
    inside: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Scope → the step that it is at, and since when."""
    behind: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Scope → the step that it has left, and how, while it is at none."""

    def enter(self, entry: HistoryEntry) -> None:
        step = str(entry.step)
        self.visits[step] += 1
        self.entered[step] = entry.at
        self.inside[entry.scope] = (step, entry.at)
        self._arrive(entry.scope, step)

    def leave(self, entry: HistoryEntry, status: str) -> None:
        step = str(entry.step)
        self.left[step] = entry.at
        self.ended_as[step] = status
        if entry.scope in self.inside:
            since = self.inside.pop(entry.scope)[1]
            self.seconds[step] += _seconds(since, entry.at)
        self.behind[entry.scope] = (step, status)

    def send_back(self, entry: HistoryEntry) -> None:
        self.leave(entry, RETURNED)
        self.behind.pop(entry.scope)
        self.taken.add((str(entry.step), str(entry.data["to"]), RETURNED))

    def close(self, scope: str) -> None:
        self._arrive(scope, END)
        self.inside.pop(scope, None)

    def drop(self, scope: str, keeps: bool) -> None:
        """Everything within a scope was cancelled."""
        prefix = f"{scope}/" if scope else ""
        for places in (self.inside, self.behind):
            for path in [each for each in places if each.startswith(prefix) or each == scope]:
                if path != scope or not keeps:
                    places.pop(path)

    def _arrive(self, scope: str, step: str) -> None:
        if scope in self.behind:
            origin, status = self.behind.pop(scope)
            self.taken.add((origin, step, status))


def graph_of(plan: StepPlan, entries: Iterable[HistoryEntry], state: InstanceState) -> Json:
    """`{nodes, edges}` of an instance.

    Nodes are all steps, those of branches and rounds with the list that they stand in as `parent`, and `end`. The
    status of a node is `waiting` (the instance is there), `done`, `failed`, `skipped` (it has ended without it) or
    `open`; `seconds` is the time spent there in all visits. Edges lead within one list, as the definition says, and
    back where somebody has returned the instance.
    """
    passage = _passage(entries)
    here = {str(frame.step) for frame in state.frames.values() if frame.step is not None}
    nodes = [_node(plan, step_id, passage, here, state) for step_id in plan.steps]
    ended = state.status == "completed"
    nodes.append({"id": END, "type": END, "label": END, "status": "done" if ended else "open", "visits": int(ended)})
    return {"nodes": nodes, "edges": list(_edges(plan, passage))}


def _passage(entries: Iterable[HistoryEntry]) -> _Passage:
    passage = _Passage()
    for entry in entries:
        match entry.kind:
            case kinds.ENTERED:
                passage.enter(entry)
            case kinds.LEFT:
                passage.leave(entry, str(entry.data.get("status")))
            case kinds.NOTED if entry.step is not None:  # of an older version, which noted only how steps ended
                passage.visits[entry.step] += 1
                passage.leave(entry, str(entry.data.get("status")))
            case kinds.FAILED if not entry.data.get("fatal"):
                passage.leave(entry, "failed")
            case kinds.RETURNED:
                passage.send_back(entry)
            case kinds.CLOSED | kinds.ENDED:
                passage.close(entry.scope)
            case kinds.DROPPED:
                passage.drop(entry.scope, bool(entry.data.get("keeps")))
    return passage


def _node(plan: StepPlan, step_id: str, passage: _Passage, here: set[str], state: InstanceState) -> Json:
    step = plan.steps[step_id]
    visits = passage.visits[step_id]
    node: Json = {
        "id": step_id, "type": step.type, "label": step_id,
        "status": _status(step_id, visits, passage, here, state), "visits": visits,
    }  # fmt: skip
    if plan.list_of[step_id]:
        node["parent"] = plan.list_of[step_id]
    times = {"entered_at": passage.entered.get(step_id), "left_at": passage.left.get(step_id)}
    node |= {name: at for name, at in times.items() if at is not None}
    if step_id in passage.left:
        node["seconds"] = round(passage.seconds[step_id], 3)
    return node


def _status(step_id: str, visits: int, passage: _Passage, here: set[str], state: InstanceState) -> str:
    if state.status == "failed" and state.failed and state.failed["step"] == step_id:
        return "failed"
    if step_id in here:
        return "waiting"
    if step_id in passage.ended_as:
        return "failed" if passage.ended_as[step_id] == "failed" else "done"
    if visits or state.status in ("completed", "cancelled"):
        return "skipped"  # cancelled there, or never reached
    return "open"


def _edges(plan: StepPlan, passage: _Passage) -> Iterator[Json]:
    for step_id, step in plan.steps.items():
        inner = bool(plan.list_of[step_id])
        for key, target in targets(step):
            if _leads(step, key) and not (inner and target == END):
                yield {"from": step_id, "to": target, "label": key, "taken": _is_taken(passage, step_id, target, key)}
    for origin, target, status in sorted(passage.taken):
        if status == RETURNED:
            yield {"from": origin, "to": target, "label": RETURNED, "taken": True}


def _leads(step: Any, key: str) -> bool:
    """Whether a step can end the way of a target, which is "end" where the definition does not say it."""
    if key == "on_timeout":
        return step.timeout is not None
    if isinstance(step, ConditionStep) and key != "on_failure":
        return (key in ("on_true", "on_false")) == (step.expression is not None)
    return True


def _is_taken(passage: _Passage, origin: str, target: str, key: str) -> bool:
    found: Sequence[str] = [status for a, b, status in passage.taken if (a, b) == (origin, target)]
    return any(key.partition(".")[0] in WAYS.get(status, ()) for status in found)


def _seconds(since: str, until: str) -> float:
    begun: datetime = clock.parse(since)
    return (clock.parse(until) - begun).total_seconds()
