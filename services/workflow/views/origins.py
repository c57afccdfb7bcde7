"""Where the values of a workflow's context and steps come from, by its definition. Pure; made once per definition.

An origin is a set of sources. A value may be seen by those who may see all of them. Values without a source were
said by people or by Rocket itself: decisions, forms, ids, times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared.expressions import ExpressionError, compile_expression
from libs.shared.schema.workflows import (
    ActionStep,
    CommentAction,
    ConditionStep,
    LoopStep,
    ManualTrigger,
    ParallelStep,
    SetStep,
    SubWorkflowStep,
    WaitStep,
    WebhookAction,
    WorkflowDefinition,
    all_steps,
    lists_of,
)

OWN = ""
"""The record that an instance is about, among the records that it names; others have the id of their step."""
TRIGGER = "trigger"
"""Stands for the trigger as a whole: it holds the record, as it is and was."""
MAX_PASSES = 4
"""How often values that are made of one another are followed."""
ROOTS = frozenset({"context", "trigger", "record", "old", "steps", "initiator", "now", "index"})
"""What expressions read; other names are those of the items of a list, which is read as well."""


@dataclass(frozen=True, slots=True)
class FieldOf:
    """A field of a record; `name` None: all of it. `rest` are the names behind it, where a path goes on from there."""

    record: str
    name: str | None
    rest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outside:
    """What came from outside, and may hold anything: answers of webhooks, metadata of events, what a parent passed."""


Source = FieldOf | Outside


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from. `record` names the record that it is, if it is one as a whole; `is_id`: it is an id."""

    sources: frozenset[Source] = frozenset()
    record: str | None = None
    is_id: bool = False


SAID = Origin()
ID = Origin(is_id=True)
FROM_OUTSIDE = Origin(frozenset({Outside()}))
Known = Mapping[str, Origin]


@dataclass(frozen=True, slots=True)
class Origins:
    """The origins of a definition: of each key of the context, of the output of each step, of the item of each step
    within a loop; the entity of each record that a step has written."""

    context: Known
    steps: Known
    items: Known
    entities: Mapping[str, str]

    def of_path(self, path: str) -> Origin:
        """The origin of the value at a path of the instance."""
        return _at(path.split("."), self.context, self.steps)


def origins_of(definition: WorkflowDefinition) -> Origins:
    """The origins of a definition's values. What can't be told comes from outside."""
    located = list(all_steps(definition.steps))
    steps = [each.step for each in located]
    entities = {step.id: entity for step in steps if (entity := _written(step))}
    outputs: dict[str, Origin] = {}
    context: dict[str, Origin] = {}
    for _ in range(MAX_PASSES):
        inputs = SAID if isinstance(definition.trigger, ManualTrigger) else FROM_OUTSIDE
        fresh = dict.fromkeys(definition.inputs, inputs)
        fresh |= {key: _at(path.split("."), context, outputs) for key, path in definition.context.items()}
        items = {each.step.id: _item(each.around, context, outputs) for each in located}
        for step in steps:
            if isinstance(step, SetStep):
                # A step may put another value under a name that the context has already.
                for name, text in step.values.items():
                    made = _read(text, context, outputs, items[step.id])
                    fresh[name] = _both(fresh[name], made) if name in fresh else made
        made_of = {step.id: _output(step, context, outputs, items[step.id]) for step in steps}
        if (fresh, made_of) == (context, outputs):
            break
        context, outputs = fresh, made_of
    items = {each.step.id: _item(each.around, context, outputs) for each in located if each.in_loop}
    return Origins(context, outputs, items, entities)


def _at(names: Sequence[str], context: Known, steps: Known) -> Origin:
    """The origin of a path, whatever it begins with."""
    match names:
        case ["trigger"]:
            return Origin(frozenset({FieldOf(OWN, None), Outside()}), TRIGGER)
        case ["trigger", "event", *rest]:
            return FROM_OUTSIDE if not rest or rest[0] == "metadata" else SAID
        case ["record_id"] | ["trigger", "record_id"]:
            return ID
        case ["trigger", "form" | "at", *_] | ["now"] | ["index"] | ["initiator", *_]:
            return SAID
        case ["trigger", *rest] if rest:
            return _at(rest, context, steps) if rest[0] in ("trigger", "record", "old", "record_id") else FROM_OUTSIDE
        case ["record" | "old"]:
            return Origin(frozenset({FieldOf(OWN, None)}), OWN)
        case ["record" | "old", name, *rest]:
            return Origin(frozenset({FieldOf(OWN, name, tuple(rest))}))
        case ["context", name, *rest]:
            return _within(context.get(name, FROM_OUTSIDE), rest)
        case ["steps", name, *rest]:
            return _of_step(name, rest, steps)
    return FROM_OUTSIDE


def _within(origin: Origin, rest: Sequence[str]) -> Origin:
    """The origin of a part of a value."""
    if origin.record == TRIGGER:
        return _at([TRIGGER, *rest], {}, {})
    if origin.record is not None and rest:
        return Origin(frozenset({FieldOf(origin.record, rest[0])}))
    return Origin(origin.sources) if rest else origin


def _of_step(step: str, rest: Sequence[str], steps: Known) -> Origin:
    output = steps.get(step, FROM_OUTSIDE)
    if rest == ["record_id"]:
        return ID
    if rest[:1] == ["record"] and output.record == step:
        return _within(Origin(output.sources, step), rest[1:])
    return Origin(output.sources)


def _item(around: Sequence[Any], context: Known, steps: Known) -> Origin:
    """The origin of `item`, for a step within these."""
    for outer in reversed(around):
        if isinstance(outer, LoopStep):
            names = outer.over.split(".")
            return FROM_OUTSIDE if names[0] == "item" else Origin(_at(names, context, steps).sources)
    return FROM_OUTSIDE


def _output(step: Any, context: Known, steps: Known, item: Origin) -> Origin:
    match step:
        case ActionStep():
            if _written(step):
                return Origin(frozenset({FieldOf(step.id, None)}), step.id)
            asks = step.actions and isinstance(step.actions[-1], WebhookAction) and step.actions[-1].wait
            return FROM_OUTSIDE if asks else SAID
        case ConditionStep():
            texts = [step.expression] if step.expression else [each.when for each in step.branches or ()]
            return _union(_read(text, context, steps, item) for text in texts)
        case SetStep():
            return _union(_read(text, context, steps, item) for text in step.values.values())
        case WaitStep():
            return FROM_OUTSIDE if step.event is not None else SAID
        case SubWorkflowStep():
            return FROM_OUTSIDE
        case ParallelStep() | LoopStep():
            inner = (each.step for _, each_list in lists_of(step) for each in all_steps(each_list))
            return _union(steps.get(each.id, FROM_OUTSIDE) for each in inner)
    return SAID


def _written(step: Any) -> str | None:
    """The entity of the record that a step's last action leaves as its output."""
    last = step.actions[-1] if isinstance(step, ActionStep) and step.actions else None
    return getattr(last, "entity", None) if not isinstance(last, CommentAction) else None


def _read(text: str, context: Known, steps: Known, item: Origin) -> Origin:
    """The origin of an expression's result: of everything that it reads."""
    try:
        paths = compile_expression(text).paths
    except ExpressionError:
        return FROM_OUTSIDE
    read = [path.split(".") for path in paths]
    found = [_at(names, context, steps) for names in read if names[0] in ROOTS]
    return _union([*found, item] if any(names[0] == "item" for names in read) else found)


def _union(origins: Iterable[Origin]) -> Origin:
    return Origin(frozenset(source for each in origins for source in each.sources))


def _both(first: Origin, second: Origin) -> Origin:
    record = first.record if first.record == second.record else None
    return Origin(first.sources | second.sources, record)


def records_in(origin: Origin) -> Iterator[str]:
    """The records that a value comes from."""
    return (source.record for source in origin.sources if isinstance(source, FieldOf))
