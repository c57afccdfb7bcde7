"""The actions of workflows: the entities, fields, values and records that they name. Pure."""

from __future__ import annotations

from collections.abc import Collection

from libs.shared.nearest import nearest
from libs.shared.schema.state_machines import CreateRecord, DeleteRecord, UpdateRecord
from libs.shared.schema.validation_errors import suggestion
from libs.shared.schema.workflows import (
    Action,
    CommentAction,
    NotifyAction,
    SetFieldAction,
    SetStep,
    TransitionAction,
    WorkflowDefinition,
    all_steps,
)
from services.metadata.checking.references.names import (
    Problems,
    fields_of,
    outside_enum,
    setting_problems,
    unknown_entity,
    unknown_field,
)
from services.metadata.checking.references.notifications import unknown_channel
from services.metadata.checking.references.state_machines import creating_problems
from services.metadata.model.schema import LiveSchema

CONTEXT = "context"
ROOTS = (CONTEXT, "trigger", "record", "steps", "item", "initiator")
"""What a path to a record begins with."""


ABOUT_RECORDS = (SetFieldAction, CreateRecord, UpdateRecord, DeleteRecord, TransitionAction, CommentAction)


def known_context(workflow: WorkflowDefinition) -> set[str]:
    """The names that the context of an instance may have."""
    steps = (each.step for each in all_steps(workflow.steps))
    values = {name for step in steps if isinstance(step, SetStep) for name in step.values}
    return {*workflow.context, *workflow.inputs, *values}


def action_problems(action: Action, context: Collection[str], path: str, schema: LiveSchema) -> Problems:
    """The errors in the names of an action; `path` is its own, with a dot."""
    if isinstance(action, NotifyAction):
        if wrong := unknown_channel(action.channel, schema):
            yield f"{path}channel", wrong
        return
    if not isinstance(action, ABOUT_RECORDS):
        return
    if not isinstance(action, CreateRecord) and (wrong := _wrong_record(action.record_id, context)):
        yield f"{path}record_id", wrong
    if wrong := unknown_entity(schema, action.entity):
        yield f"{path}entity", wrong
    else:
        yield from _field_problems(action, path, schema)


def _field_problems(action: Action, path: str, schema: LiveSchema) -> Problems:
    match action:
        case SetFieldAction():
            yield from setting_problems(schema, action.entity, action.field, action.value, path, "field")
        case UpdateRecord():
            for name, value in action.fields.items():
                yield from setting_problems(schema, action.entity, name, value, path, f"fields.{name}")
        case CreateRecord():
            yield from creating_problems(action.entity, action.fields, path, schema)
        case TransitionAction(field=str(name)):
            entity = schema.entities[action.entity].definition
            if wrong := unknown_field(entity, name):
                yield f"{path}field", wrong
            elif "{{" not in action.to and (wrong := outside_enum(fields_of(entity)[name], [action.to])):
                yield f"{path}to", wrong
        case CommentAction() if not schema.entities[action.entity].definition.comments:
            yield f"{path}entity", f"records of {action.entity} have no comments"


def _wrong_record(text: str, context: Collection[str]) -> str | None:
    """Why a text is neither a path to a record nor an id."""
    root, _, rest = text.partition(".")
    name = rest.partition(".")[0]
    if root == CONTEXT and name and name not in context:
        return f"the context has no {name}{suggestion(name, context)}"
    if rest and root not in ROOTS and "{{" not in text and (meant := nearest(root, ROOTS)):
        return f"{root} is no name that a path begins with; do you mean `{meant}`?"
    return None
