"""Whether a past instance would have gone the same way by another definition. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.workflow.machine.entries import HistoryEntry
from services.workflow.machine.plan import StepPlan
from services.workflow.machine.state import InstanceState, Json
from services.workflow.versions.recorded import path_of, recorded
from services.workflow.versions.replaying import Replayed, Unknown, replay

ENDED = ("completed", "failed", "cancelled")


def compared(plan: StepPlan, instance_id: str, entries: Sequence[HistoryEntry], state: InstanceState) -> Json:
    """`{instance_id, same, differs_at?, was?, would?, reason?}`; `same` is null where that is not known."""
    result: Json = {"instance_id": instance_id}
    try:
        again = replay(plan, recorded(entries), instance_id)
    except Unknown as problem:
        return {**result, "same": None, "reason": str(problem)}
    reasons = [f"refused: {each}" for each in again.refused] + [f"assumed to succeed: {each}" for each in again.assumed]
    said = {"reason": "; ".join(reasons)} if reasons else {}
    difference = _difference(entries, state, again)
    if difference is None:
        return {**result, "same": True, **said}
    return {**result, "same": False, **difference, **said}


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
