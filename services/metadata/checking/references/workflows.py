"""Workflows: their trigger, paths and actions. Pure."""

from __future__ import annotations

from libs.shared.schema.validation_errors import suggestion
from libs.shared.schema.workflows import ActionStep, SetFieldAction, WorkflowDefinition
from services.metadata.checking.references.names import (
    Problems,
    fields_of,
    setting_problems,
    unfit_value,
    unknown_entity,
    unknown_field,
)
from services.metadata.model.schema import LiveSchema

ROOTS = ("trigger", "record", "record_id")
CONTEXT = "context"


def problems_of(workflow: WorkflowDefinition, schema: LiveSchema) -> Problems:
    """The trigger's entity, field and value exist, and the fields that actions set.

    Paths of the context may lead nowhere.
    """
    trigger = workflow.trigger
    if wrong := unknown_entity(schema, trigger.entity):
        yield "trigger.entity", wrong
    else:
        entity = schema.entities[trigger.entity].definition
        if wrong := unknown_field(entity, trigger.field):
            yield "trigger.field", wrong
        elif wrong := unfit_value(fields_of(entity)[trigger.field], trigger.to):
            yield "trigger.to", wrong
    for number, step in enumerate(workflow.steps):
        for action_number, action in enumerate(step.actions if isinstance(step, ActionStep) else ()):
            if isinstance(action, SetFieldAction):
                yield from _setting_problems(workflow, action, f"steps.{number}.actions.{action_number}.", schema)


def _setting_problems(workflow: WorkflowDefinition, action: SetFieldAction, path: str, schema: LiveSchema) -> Problems:
    root, _, rest = action.record_id.partition(".")
    if root == CONTEXT and rest and rest.partition(".")[0] not in workflow.context:
        name = rest.partition(".")[0]
        yield f"{path}record_id", f"the context has no {name}{suggestion(name, workflow.context)}"
    elif root in ROOTS and rest:
        yield f"{path}record_id", f"must be a path context.x or an id; put {action.record_id} into the context"
    if wrong := unknown_entity(schema, action.entity):
        yield f"{path}entity", wrong
    else:
        yield from setting_problems(schema, action.entity, action.field, action.value, path, "field")
