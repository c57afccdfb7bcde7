"""Manual starts: a person starts a workflow, maybe for a record, with its inputs and form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from libs.shared import clock, exact
from libs.shared.bodies import read_json, validate
from libs.shared.contracts.context import Context, Identity
from libs.shared.contracts.effects import FetchRecords
from libs.shared.contracts.messages import Response
from libs.shared.contracts.records import AuthorizeRecords
from libs.shared.contracts.workflows import ListStartable, StartBody, StartInstance
from libs.shared.errors import RocketError, invalid_field, not_found
from libs.shared.ids import uuid7
from libs.shared.schema.validation_errors import suggestion
from libs.shared.schema.workflows import ManualTrigger
from libs.shared.schema.workflows.forms import input_fields
from libs.shared.telemetry import tracing
from services.workflow import starting
from services.workflow.history.instances import trigger_span_id
from services.workflow.machine.forms import filled_form
from services.workflow.starting import Start
from services.workflow.state import State
from services.workflow.triggers import Workflow, WorkflowIndex
from services.workflow.views.replies import shown

CALL_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class ManualStart:
    """A checked request."""

    workflow: Workflow
    trigger: ManualTrigger
    record_id: str
    form: dict[str, Any]
    inputs: dict[str, Any]


async def start_instance(state: State, context: Context, request: StartInstance) -> Response:
    """Start an instance on behalf of the caller."""
    body = validate(StartBody, read_json(request.body))
    app = context.the_app
    asked = checked(await state.workflows.load(app), context.user, body)
    record = await _record(state, context, asked) if asked.trigger.entity else None
    now = clock.now()
    start = _start_of(asked, context, record, clock.iso(now))
    own = trigger_span_id(context.trace_id, asked.workflow.id, start.key)
    with tracing.span("workflow", "engine", "workflow.trigger", asked.trigger.entity, own) as span:
        span.record_id = asked.record_id or None
        span.metadata["workflow"] = asked.workflow.definition.name
        async with state.transactions.begin(app, due_at=now, emits=True) as transaction:
            instance_id = await starting.start(transaction, start, now)
            assert instance_id is not None, "no other start has this key"
    return await shown(state, context, instance_id, 201)


async def list_startable(state: State, context: Context, request: ListStartable) -> Response:
    """What the caller may start."""
    index = await state.workflows.load(context.the_app)
    found = startable(index, context.user, dict(request.query).get("entity"))
    return Response(body=exact.dumps({"data": found}))


def startable(index: WorkflowIndex, user: Identity, entity: str | None) -> list[dict[str, Any]]:
    """The active workflows that a caller may start, by name; with an entity those about its records."""
    found: list[dict[str, Any]] = []
    for workflow_id, workflow in index.by_id.items():
        definition = workflow.definition
        trigger = definition.trigger
        if not (isinstance(trigger, ManualTrigger) and definition.active and _may_start(trigger, user)):
            continue
        if entity is None or trigger.entity == entity:
            forms = {"form": trigger.form, "inputs": input_fields(definition.inputs)}
            shown_forms = {key: [field.model_dump(mode="json") for field in form] for key, form in forms.items()}
            about = {"description": definition.description, "entity": trigger.entity}
            found.append({"id": workflow_id, "name": definition.name, **about, **shown_forms})
    return sorted(found, key=lambda each: str(each["name"]))


def checked(index: WorkflowIndex, user: Identity, body: StartBody) -> ManualStart:
    """What a caller asks for. Raises FORBIDDEN, INVALID_STATE, VALIDATION_FAILED with all details of a form."""
    workflow = _named(index, body.workflow)
    definition = workflow.definition
    trigger = definition.trigger
    if not isinstance(trigger, ManualTrigger):
        raise invalid_field("workflow", f"workflow: {definition.name} is not started by people")
    if not _may_start(trigger, user):
        raise RocketError("FORBIDDEN", f"You do not have the role to start {definition.name}")
    if not definition.active:
        raise RocketError("INVALID_STATE", f"The workflow {definition.name} is not active")
    record_id = _record_id(trigger, body)
    form = filled_form(trigger.form, body.form, "start")
    inputs = filled_form(input_fields(definition.inputs), body.context, "start", "context")
    return ManualStart(workflow, trigger, record_id, form, inputs)


def _named(index: WorkflowIndex, name: str) -> Workflow:
    names = {each.definition.name: each for each in index.by_id.values()}
    found = names.get(name) or index.by_id.get(name)
    if found is None:
        startable = [key for key, each in names.items() if isinstance(each.definition.trigger, ManualTrigger)]
        raise invalid_field("workflow", f"workflow: there is no {name}{suggestion(name, startable)}")
    return found


def _may_start(trigger: ManualTrigger, user: Identity) -> bool:
    """Whether a caller may start it. A key that has scopes alone has no role."""
    return user.is_admin or not trigger.roles or not set(trigger.roles).isdisjoint(user.roles)


def _record_id(trigger: ManualTrigger, body: StartBody) -> str:
    if trigger.entity is None:
        if body.record_id is not None:
            raise invalid_field("record_id", "record_id: this workflow is about no record")
        return ""
    if body.record_id in (None, ""):
        raise invalid_field("record_id", f"record_id is required: the {trigger.entity} that it is about", "required")
    return str(body.record_id)


async def _record(state: State, context: Context, asked: ManualStart) -> dict[str, Any]:
    """The record that it is about. Raises NOT_FOUND for one that the caller may not read."""
    about = [(asked.trigger.entity or "", asked.record_id)]
    limited = context.within(CALL_TIMEOUT_S)
    verdicts = await state.core.rpc.request(AuthorizeRecords(about), limited)
    if not (verdicts.allowed[0] and verdicts.live[0]):
        raise not_found("Record")
    [record] = (await state.core.rpc.request(FetchRecords(about), limited)).records
    if record is None:
        raise not_found("Record")
    return record


def _start_of(asked: ManualStart, context: Context, record: dict[str, Any] | None, at: str) -> Start:
    user = context.user
    about = {"record_id": asked.record_id, "record": record} if record is not None else {}
    return Start(
        workflow=asked.workflow,
        key=f"manual/{uuid7()}",
        at=at,
        trigger={"form": asked.form, **about},
        entity=asked.trigger.entity or "",
        record_id=asked.record_id,
        actor={"id": user.id, "email": user.email, "roles": list(user.roles), "via": user.via},
        trace_id=context.trace_id,
        cause_depth=context.cause_depth,
        inputs=asked.inputs,
    )
