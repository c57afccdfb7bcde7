"""Workflows: their trigger, and what their steps name. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from libs.shared.schema import EntityDefinition
from libs.shared.schema.workflows import (
    ActionStep,
    RecordTrigger,
    ScheduleTrigger,
    StateChange,
    SubWorkflowStep,
    WorkflowDefinition,
    all_steps,
)
from services.metadata.checking.references.names import Problems, fields_of, unfit_value, unknown_entity, unknown_field
from services.metadata.checking.references.workflow_actions import action_problems, known_context
from services.metadata.model.schema import LiveSchema


def problems_of(workflow: WorkflowDefinition, schema: LiveSchema) -> Problems:
    """The trigger's entity, fields and values exist, and what the actions name.

    Paths of the context may lead nowhere.
    """
    trigger = workflow.trigger
    if trigger.entity is not None and (wrong := unknown_entity(schema, trigger.entity)):
        yield "trigger.entity", wrong
    else:
        yield from _trigger_problems(trigger, schema)
    context = known_context(workflow)
    for each in all_steps(workflow.steps):
        for number, action in enumerate(each.step.actions if isinstance(each.step, ActionStep) else ()):
            yield from action_problems(action, context, f"{each.path}.actions.{number}.", schema)


def workflows_started(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The workflows that the steps of a stored workflow start: (path, name)."""
    for each in all_steps(WorkflowDefinition.stored(document).steps):
        if isinstance(each.step, SubWorkflowStep):
            yield f"{each.path}.workflow", each.step.workflow


def _trigger_problems(trigger: Any, schema: LiveSchema) -> Problems:
    if trigger.entity is None:
        return
    entity = schema.entities[trigger.entity].definition
    if isinstance(trigger, StateChange):
        yield from _state_problems(trigger, entity)
    named: list[tuple[str, str]] = []
    if isinstance(trigger, RecordTrigger):
        named = [(f"fields.{number}", name) for number, name in enumerate(trigger.fields or ())]
    if isinstance(trigger, ScheduleTrigger):
        named = [(f"filter.{key}", key.partition(".")[0]) for key in trigger.filter or ()]
    for key, name in named:
        if wrong := unknown_field(entity, name):
            yield f"trigger.{key}", wrong


def _state_problems(trigger: StateChange, entity: EntityDefinition) -> Problems:
    if wrong := unknown_field(entity, trigger.field):
        yield "trigger.field", wrong
        return
    field = fields_of(entity)[trigger.field]
    for key, value in (("to", trigger.to), *(("from", origin) for origin in trigger.origins)):
        if wrong := unfit_value(field, value):
            yield f"trigger.{key}", wrong
