"""Whether a past instance would have gone the same way by another definition. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.workflow.machine.entries import HistoryEntry
from services.workflow.machine.plan import StepPlan
from services.workflow.machine.state import InstanceState, Json
from services.workflow.versions.recorded import path_of, recorded
from services.workflow.versions.replaying import Replayed, Unknown, replay

ENDED = ("completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Comparison:
    """An instance of the past, and what a definition would have made of it.

    `shown` is `{instance_id, same, differs_at?, was?, would?, reason?}`; `same` is null where that is not known.
    `again` is the history by the definition; None where it is not known.
    """

    shown: Json
    entries: Sequence[HistoryEntry]
    again: Sequence[HistoryEntry] | None = None


def compared(plan: StepPlan, instance_id: str, entries: Sequence[HistoryEntry], state: InstanceState) -> Comparison:
    """An instance as it was, and as it would have been by a plan."""
    try:
        again = replay(plan, recorded(entries), instance_id)
    except Unknown as problem:
        return Comparison({"instance_id": instance_id, "same": None, "reason": str(problem)}, entries)
    return Comparison({"instance_id": instance_id, **_verdict(entries, state, again)}, entries, again.history)


def _verdict(entries: Sequence[HistoryEntry], state: InstanceState, again: Replayed) -> Json:
    reasons = [f"refused: {each}" for each in again.refused] + [f"assumed to succeed: {each}" for each in again.assumed]
    said = {"reason": "; ".join(reasons)} if reasons else {}
    difference = _difference(entries, state, again)
    if difference is None:
        return {"same": True, **said}
    return {"same": False, **difference, **said}


def steps_passed(comparisons: Iterable[Comparison]) -> list[Json]:
    """How often each step has ended then, and would have by the definition, in instances of which both are known."""
    was, would = Counter[str](), Counter[str]()
    for each in comparisons:
        if each.again is not None:
            was.update(_passed(each.entries))
            would.update(_passed(each.again))
    return [{"step": step, "was": was[step], "would": would[step]} for step in sorted({*was, *would})]


def _passed(entries: Sequence[HistoryEntry]) -> Iterable[str]:
    return (step for steps in path_of(entries).values() for step, _ in steps)


def _difference(entries: Sequence[HistoryEntry], state: InstanceState, again: Replayed) -> Json | None:
    """The first step that ended otherwise, of the outermost list where there is one; else the end itself."""
    then, now = path_of(entries), path_of(again.history)
    for scope in sorted({*then, *now}):
        before, after = then.get(scope, []), now.get(scope, [])
        for place in range(max(len(before), len(after))):
            was = before[place] if place < len(before) else None
            would = after[place] if place < len(after) else None
            if was != would:
                return {"differs_at": (was or would or ("",))[0], "was": _shown(was), "would": _shown(would)}
    if state.status != again.state.status:
        at = (again.state.current_steps or ["end"])[0]
        return {"differs_at": at, "was": {"status": state.status}, "would": {"status": again.state.status}}
    return None


def _shown(step: tuple[str, str] | None) -> Any:
    return {"step": step[0], "status": step[1]} if step else None
