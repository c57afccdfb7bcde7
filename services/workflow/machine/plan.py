"""A definition made ready: its lists of steps by name, and what each step reads. Pure; made once per definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from libs.shared.expressions import Expression, ExpressionError, compile_expression
from libs.shared.expressions.templates import roots_of
from libs.shared.schema.parts import Part
from libs.shared.schema.workflows import LoopStep, ParallelStep, WorkflowDefinition

RECORD = "record"
TEXT_KEYS = ("expression", "when", "condition")
"""Keys whose texts are expressions, beside the values of `set`."""
PATH_KEYS = ("path", "until", "over", "record_id")


@dataclass(frozen=True, slots=True)
class StepPlan:
    """The steps of a definition, for looking them up.

    `lists` are its lists of steps by the name of where they stand: "" for its own, `both/a` for a branch, `each` for
    the rounds of a loop; `steps` are all steps by id. `reading` are the ids of those that read the record.
    """

    definition: WorkflowDefinition
    lists: Mapping[str, Sequence[Any]]
    steps: Mapping[str, Any]
    list_of: Mapping[str, str]
    reading: frozenset[str] = field(default_factory=frozenset)


def plan_of(definition: WorkflowDefinition) -> StepPlan:
    """The plan of a definition."""
    lists: dict[str, Sequence[Any]] = {}
    _collect("", definition.steps, lists)
    steps = {step.id: step for each in lists.values() for step in each}
    list_of = {step.id: name for name, each in lists.items() for step in each}
    reading = frozenset(step.id for step in steps.values() if _reads_record(step))
    return StepPlan(definition, lists, steps, list_of, reading)


def _collect(name: str, steps: Sequence[Any], lists: dict[str, Sequence[Any]]) -> None:
    lists[name] = steps
    for step in steps:
        for inner, inner_steps in inner_lists(step):
            _collect(inner, inner_steps, lists)


def inner_lists(step: Any) -> Iterator[tuple[str, Sequence[Any]]]:
    """The lists that a step runs, by name."""
    if isinstance(step, ParallelStep):
        for name, branch in step.branches.items():
            yield f"{step.id}/{name}", branch.steps
    elif isinstance(step, LoopStep):
        yield step.id, step.steps


def _reads_record(step: Any) -> bool:
    own = {name: value for name, value in step if name not in ("steps", "form")}
    if isinstance(step, ParallelStep):
        own.pop("branches")
    return any(_reads(name, value) for name, value in own.items())


def _reads(key: str, value: Any) -> bool:
    """Whether a text in a part of a step reads the record."""
    match value:
        case Part():
            return any(_reads(name, each) for name, each in value)
        case dict() if key == "values":
            return any(_reads("expression", each) for each in value.values())
        case dict() if key == "context":
            return any(_reads("path", each) for each in value.values())
        case dict():
            return any(_reads(key, each) for each in value.values())
        case list():
            return any(_reads(key, each) for each in value)
        case str() if key in TEXT_KEYS:
            compiled = compiled_text(value)
            return compiled is not None and any(path.split(".")[0] == RECORD for path in compiled.paths)
        case str() if key in PATH_KEYS and value.partition(".")[0] == RECORD:
            return True
        case str():
            return RECORD in roots_of(value)
    return False


@lru_cache(maxsize=4096)
def compiled_text(text: str) -> Expression | None:
    """The compiled expression; None if it can't be evaluated, which an import lets pass."""
    try:
        return compile_expression(text)
    except ExpressionError:
        return None
