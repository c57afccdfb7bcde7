"""Valid definitions that contradict one another, or have no effect. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from libs.shared.schema import FieldDefinition, PolicyDefinition
from libs.shared.schema.rules import FieldRule, RuleDefinition
from libs.shared.schema.state_machines import CreateRecord, SetField, StateMachineDefinition, UpdateRecord
from libs.shared.schema.workflows import (
    ActionStep,
    SetFieldAction,
    StateChange,
    SubWorkflowStep,
    TransitionAction,
    WorkflowDefinition,
    all_steps,
)
from services.metadata.checking.references.names import NOW, Problems, fields_of
from services.metadata.checking.references.state_machines import states_of
from services.metadata.model.schema import LiveSchema

Machines = Mapping[tuple[str, str], StateMachineDefinition]
"""The active state machines by entity and field."""


@dataclass(frozen=True, slots=True)
class ParsedDefinition:
    """A definition with the id that it is stored under."""

    id: str
    definition: Any


def contradictions_in(every: Sequence[ParsedDefinition], schema: LiveSchema) -> dict[str, list[tuple[str, str]]]:
    """By id of a definition: path and message of each warning."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    machines = {(m.entity, m.field): m for m in _of(every, StateMachineDefinition) if m.active}
    workflows = {workflow.name for workflow in _of(every, WorkflowDefinition)}
    for each in every:
        match each.definition:
            case WorkflowDefinition() as workflow:
                found[each.id] += _of_workflow(workflow, machines)
                found[each.id] += _missing_workflows(workflow, workflows)
            case StateMachineDefinition() as machine:
                found[each.id] += _of_machine(machine, machines)
            case RuleDefinition(definition=FieldRule(evaluable=False)):
                found[each.id].append(("definition", "it can't be evaluated, so it has no effect"))
            case PolicyDefinition(roles=[]):
                found[each.id].append(("roles", "without roles it grants nothing to anybody"))
            case PolicyDefinition(action="create", conditions=[_, *_]):
                found[each.id].append(("conditions", "they do not apply to what is created"))
    for policy_id, problem in _opened_permissions(every, schema):
        found[policy_id].append(problem)
    return found


def _of(every: Iterable[ParsedDefinition], model: type[Any]) -> list[Any]:
    return [each.definition for each in every if isinstance(each.definition, model)]


def _of_workflow(workflow: WorkflowDefinition, machines: Machines) -> Problems:
    trigger = workflow.trigger
    if isinstance(trigger, StateChange) and (machine := machines.get((trigger.entity, trigger.field))) is not None:
        states = {state for _, state in states_of(machine)}
        for key, value in (("to", trigger.to), *(("from", origin) for origin in trigger.origins)):
            if value not in states:
                yield f"trigger.{key}", f"{value} is no state of the state machine of {trigger.entity}.{trigger.field}"
    for each in all_steps(workflow.steps):
        for number, action in enumerate(each.step.actions if isinstance(each.step, ActionStep) else ()):
            yield from _of_action(action, machines, f"{each.path}.actions.{number}")


def _missing_workflows(workflow: WorkflowDefinition, known: Collection[str]) -> Problems:
    for each in all_steps(workflow.steps):
        if isinstance(each.step, SubWorkflowStep) and each.step.workflow not in known:
            yield f"{each.path}.workflow", f"there is no workflow {each.step.workflow}: the step will fail"


def _of_action(action: Any, machines: Machines, path: str) -> Problems:
    match action:
        case SetFieldAction():
            yield from _unreachable_state(machines, action.entity, action.field, action.value, f"{path}.value")
        case UpdateRecord():
            for name, value in action.fields.items():
                yield from _unreachable_state(machines, action.entity, name, value, f"{path}.fields.{name}")
        case CreateRecord():
            yield from _wrong_initial_states(machines, action, path)
        case TransitionAction():
            yield from _of_transition(action, machines, path)


def _of_transition(action: TransitionAction, machines: Machines, path: str) -> Problems:
    found = [name for entity, name in machines if entity == action.entity]
    if action.field is None and len(found) != 1:
        problem = "has several state machines, name the field" if found else "has no state machine"
        yield f"{path}.field", f"{action.entity} {problem}: the step will fail"
    elif action.field is not None and action.field not in found:
        yield f"{path}.field", f"{action.entity}.{action.field} has no state machine: the step will fail"
    else:
        yield from _unreachable_state(machines, action.entity, action.field or found[0], action.to, f"{path}.to")


def _of_machine(machine: StateMachineDefinition, machines: Machines) -> Problems:
    for number, transition in enumerate(machine.definition.transitions):
        for action_number, action in enumerate(transition.actions):
            path = f"definition.transitions.{number}.actions.{action_number}"
            if isinstance(action, SetField):
                yield from _unreachable_state(machines, machine.entity, action.field, action.value, f"{path}.value")
            else:
                yield from _of_action(action, machines, path)


def _unreachable_state(machines: Machines, entity: str, field: str, value: Any, path: str) -> Problems:
    """Finds a fixed value for a state field that no transition leads to."""
    machine = machines.get((entity, field))
    if machine is None or not isinstance(value, str) or "{{" in value or value == NOW:
        return
    if value not in {transition.to for transition in machine.definition.transitions}:
        yield path, f"no transition of the state machine of {entity}.{field} leads to {value}"


def _wrong_initial_states(machines: Machines, action: CreateRecord, path: str) -> Problems:
    for name, value in action.fields.items():
        machine = machines.get((action.entity, name))
        if machine is not None and isinstance(value, str) and "{{" not in value and value != machine.definition.initial:
            yield f"{path}.fields.{name}", f"{action.entity}.{name} must begin as {machine.definition.initial}"


def _opened_permissions(every: Sequence[ParsedDefinition], schema: LiveSchema) -> Iterable[tuple[str, tuple[str, str]]]:
    """Permissions that open to a role what another one closes to it."""
    groups: dict[tuple[str, str], list[ParsedDefinition]] = defaultdict(list)
    for each in every:
        if isinstance(each.definition, PolicyDefinition) and each.definition.entity in schema.entities:
            groups[each.definition.entity, each.definition.action].append(each)
    for (entity, _), policies in groups.items():
        fields = fields_of(schema.entities[entity].definition)
        for opening, closing in permutations(policies, 2):
            for problem in _opened(opening.definition, closing, fields):
                yield opening.id, problem


def _opened(opening: PolicyDefinition, closing: ParsedDefinition, fields: Mapping[str, FieldDefinition]) -> Problems:
    closed: PolicyDefinition = closing.definition
    roles = sorted(set(opening.roles) & set(closed.roles))
    if not roles or not all(condition in closed.conditions for condition in opening.conditions):
        return
    who = ", ".join(roles)
    opened = [name for name, each in fields.items() if _is_open(opening, each) and not _is_open(closed, each)]
    if opened:
        yield "fields", f"opens {', '.join(opened)} to {who}, which the permission {closing.id} closes"
    if not all(condition in opening.conditions for condition in closed.conditions):
        yield "conditions", f"opens records to {who} that the permission {closing.id} keeps from them"


def _is_open(policy: PolicyDefinition, field: FieldDefinition) -> bool:
    """Whether a permission grants a field unmasked, in every record that it applies to."""
    if policy.fields is not None and not policy.fields.covers(field.name):
        return False
    masked = policy.masks.get(field.name) if field.name in policy.masks else None
    hidden = field.name in policy.masks or field.name in policy.visible_when
    by_kind = field.pii and policy.pii_mask != "none" and masked is None
    return not (hidden or by_kind)
