"""A definition made ready: its lists of steps by name, and what each step reads. Pure; made once per definition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from libs.shared.expressions import Expression, ExpressionError, compile_expression
from libs.shared.expressions.templates import paths_of
from libs.shared.schema.parts import Part
from libs.shared.schema.workflows import LoopStep, ParallelStep, WorkflowDefinition

RECORD = "record"
TEXT_KEYS = ("expression", "when", "condition")
"""Keys whose texts are expressions, beside the values of `set`."""
PATH_KEYS = ("path", "until", "over", "record_id")
KEYS_WITHIN = {"values": "expression", "context": "path"}
"""Key of an object → the key that says what the texts in it are."""


@dataclass(frozen=True, slots=True)
class StepPlan:
    """The steps of a definition, for looking them up.

    `lists` are its lists of steps by the name of where they stand: "" for its own, `both/a` for a branch, `each` for
    the rounds of a loop; `steps` are all steps by id. `reading` has, of those that read the record, the paths that they
    read of it.
    """

    definition: WorkflowDefinition
    lists: Mapping[str, Sequence[Any]]
    steps: Mapping[str, Any]
    list_of: Mapping[str, str]
    reading: Mapping[str, frozenset[tuple[str, ...]]] = field(default_factory=dict)


def plan_of(definition: WorkflowDefinition) -> StepPlan:
    """The plan of a definition."""
    lists: dict[str, Sequence[Any]] = {}
    _collect("", definition.steps, lists)
    steps = {step.id: step for each in lists.values() for step in each}
    list_of = {step.id: name for name, each in lists.items() for step in each}
    read = {step.id: frozenset(record_paths(step)) for step in steps.values()}
    reading = {step_id: paths for step_id, paths in read.items() if paths}
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


def record_paths(step: Any) -> Iterator[tuple[str, ...]]:
    """The names behind `record` in the texts of a step: `("department", "head_id")`; empty for the record itself."""
    own = {name: value for name, value in step if name not in ("steps", "form")}
    if isinstance(step, ParallelStep):
        own.pop("branches")
    for name, value in own.items():
        yield from _read_by(name, value)


def _read_by(key: str, value: Any) -> Iterator[tuple[str, ...]]:
    """The names behind `record` in a part of a step."""
    match value:
        case Part():
            for name, each in value:
                yield from _read_by(name, each)
        case dict():
            inner = KEYS_WITHIN.get(key, key)
            for each in value.values():
                yield from _read_by(inner, each)
        case list():
            for each in value:
                yield from _read_by(key, each)
        case str():
            for path in _paths_in(key, value):
                root, *names = path.split(".")
                if root == RECORD:
                    yield tuple(names)


def _paths_in(key: str, text: str) -> Iterable[str]:
    if key in TEXT_KEYS:
        compiled = compiled_text(text)
        return compiled.paths if compiled is not None else ()
    return [text] if key in PATH_KEYS and "{{" not in text else paths_of(text)


@lru_cache(maxsize=4096)
def compiled_text(text: str) -> Expression | None:
    """The compiled expression; None if it can't be evaluated, which an import lets pass."""
    try:
        return compile_expression(text)
    except ExpressionError:
        return None
