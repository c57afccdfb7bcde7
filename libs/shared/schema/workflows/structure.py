"""A tree of steps as a whole: walking it, and checking that its names and targets fit together. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared.schema.parts import Part
from libs.shared.schema.validation_errors import error_at, suggestion
from libs.shared.schema.workflows.approvals import ApprovalStep
from libs.shared.schema.workflows.steps import ConditionStep, LoopStep, ParallelStep
from libs.shared.schema.workflows.targets import END, destination

MAX_STEPS = 500
"""Steps of a whole definition, nested ones too."""
MAX_NESTING = 12
"""Levels of lists within lists."""
TARGETS = (
    "then", "on_true", "on_false", "otherwise", "on_approve", "on_reject", "on_timeout", "on_failure",
)  # fmt: skip
INITIATOR = "initiator"


@dataclass(frozen=True, slots=True)
class LocatedStep:
    """A step with its path in the document, the ids of its list, and the steps that enclose it, outermost first."""

    path: str
    step: Any
    siblings: Sequence[str]
    around: tuple[Any, ...] = ()

    @property
    def in_loop(self) -> bool:
        """Whether it has an item."""
        return any(isinstance(each, LoopStep) for each in self.around)


def all_steps(steps: Sequence[Any], path: str = "steps", around: tuple[Any, ...] = ()) -> Iterator[LocatedStep]:
    """Every step, in the order of the document; those that a step holds follow it."""
    siblings = [step.id for step in steps]
    for number, step in enumerate(steps):
        here = f"{path}.{number}"
        yield LocatedStep(here, step, siblings, around)
        for inner_path, inner in lists_of(step):
            yield from all_steps(inner, f"{here}.{inner_path}", (*around, step))


def lists_of(step: Any) -> Iterator[tuple[str, Sequence[Any]]]:
    """The lists of steps that a step holds, with their paths within it."""
    if isinstance(step, ParallelStep):
        for name, branch in step.branches.items():
            yield f"branches.{name}.steps", branch.steps
    elif isinstance(step, LoopStep):
        yield "steps", step.steps


def targets(step: Part) -> Iterator[tuple[str, str]]:
    """Where a step can lead: `(key, step id or "end")`."""
    for key in TARGETS:
        if key in type(step).model_fields and (target := getattr(step, key)) is not None:
            yield key, destination(target)
    if isinstance(step, ConditionStep):
        for number, choice in enumerate(step.branches or ()):
            yield f"branches.{number}.goto", choice.goto


def check(steps: Sequence[Any]) -> None:
    """Raises the first error of a tree of steps."""
    found = list(all_steps(steps))
    if len(found) > MAX_STEPS:
        raise error_at("steps", f"may have at most {MAX_STEPS} steps, nested ones too")
    ids: dict[str, LocatedStep] = {}
    for each in found:
        _check_id(each, ids)
        ids[each.step.id] = each
    for each in found:
        _check_targets(each, ids)
        if isinstance(each.step, ApprovalStep):
            _check_approval(each.step, each, ids)


def _check_id(each: LocatedStep, ids: dict[str, LocatedStep]) -> None:
    step_id, where = each.step.id, f"{each.path}.id"
    if step_id == END:
        raise error_at(where, 'no step may be called "end"')
    if step_id in ids:
        raise error_at(where, f"step {step_id} is defined twice")
    if "/" in step_id and isinstance(each.step, ParallelStep | LoopStep):
        raise error_at(where, "must not hold a slash, as the step holds others")
    if len(each.around) > MAX_NESTING:
        raise error_at(each.path, f"lies within more than {MAX_NESTING} other steps")


def _check_targets(each: LocatedStep, ids: dict[str, LocatedStep]) -> None:
    for key, target in targets(each.step):
        if target in (END, *each.siblings):
            continue
        where, step_id = f"{each.path}.{key}", each.step.id
        if target in ids:
            raise error_at(where, f"step {step_id}: {target} is in another list of steps, where no step may lead")
        hint = suggestion(target, each.siblings)
        raise error_at(where, f"step {step_id}: goes to the unknown step {target}{hint}")


def _check_approval(step: ApprovalStep, each: LocatedStep, ids: dict[str, LocatedStep]) -> None:
    approvals = [name for name, found in ids.items() if isinstance(found.step, ApprovalStep) and name != step.id]
    for number, name in enumerate(step.separation):
        if name not in (INITIATOR, *approvals):
            hint = suggestion(name, (INITIATOR, *approvals))
            raise error_at(f"{each.path}.separation.{number}", f"{name} is neither initiator nor an approval{hint}")
    reachable = [*each.siblings]
    for outer in each.around:
        reachable += ids[outer.id].siblings
    for number, name in enumerate(step.returns_to):
        if name == step.id or name not in reachable:
            hint = suggestion(name, [other for other in reachable if other != step.id])
            raise error_at(f"{each.path}.returns_to.{number}", f"{name} is no step that it can return to{hint}")
