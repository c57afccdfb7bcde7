"""The roles and users that definitions name. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from libs.shared.ids import parse_uuid
from libs.shared.schema import PolicyDefinition
from libs.shared.schema.dashboards import Dashboard
from libs.shared.schema.notifications import NotificationRule
from libs.shared.schema.state_machines import Addressee, SendNotification, StateMachineDefinition
from libs.shared.schema.workflows import (
    ActionStep,
    ApprovalStep,
    ManualTrigger,
    NotifyAction,
    Recipient,
    Seat,
    WorkflowDefinition,
    all_steps,
)

ROLE, USER = "role", "user"


@dataclass(frozen=True, slots=True)
class Mention:
    """A role, or a user by id or address, that a definition names at `path`."""

    path: str
    kind: str
    name: str

    @property
    def is_fixed(self) -> bool:
        """Whether it is a name, and not a placeholder."""
        return bool(self.name) and "{{" not in self.name


def mentions_in(definition: Any) -> list[Mention]:
    """All roles and users that a definition names."""
    return [mention for mention in _mentions(definition) if mention.is_fixed]


def _mentions(definition: Any) -> Iterator[Mention]:
    match definition:
        case PolicyDefinition():
            yield from _roles("roles", definition.roles)
        case Dashboard():
            yield from _roles("roles", definition.roles or [])
        case StateMachineDefinition():
            yield from _of_machine(definition)
        case WorkflowDefinition():
            yield from _of_workflow(definition)
        case NotificationRule():
            for number, recipient in enumerate(definition.recipients):
                for kind in {ROLE, USER} & recipient.keys():
                    yield Mention(f"recipients.{number}.{kind}", kind, str(recipient[kind]))


def _of_workflow(workflow: WorkflowDefinition) -> Iterator[Mention]:
    if isinstance(workflow.trigger, ManualTrigger):
        yield from _roles("trigger.roles", workflow.trigger.roles)
    for each in all_steps(workflow.steps):
        match each.step:
            case ApprovalStep() as step:
                if step.assignee:
                    yield Mention(f"{each.path}.assignee.role", ROLE, step.assignee.role)
                for number, seat in enumerate(step.approvers or ()):
                    yield from _one(f"{each.path}.approvers.{number}", seat)
                for number, rung in enumerate(step.escalation):
                    yield from _one(f"{each.path}.escalation.{number}.to", rung.to)
            case ActionStep() as step:
                for number, action in enumerate(step.actions):
                    for place, recipient in enumerate(action.to if isinstance(action, NotifyAction) else ()):
                        yield from _one(f"{each.path}.actions.{number}.to.{place}", recipient)


def _one(path: str, named: Addressee | Seat | Recipient) -> Iterator[Mention]:
    """The role or user that an object names."""
    for kind, name in ((ROLE, named.role), (USER, named.user)):
        if name is not None:
            yield Mention(f"{path}.{kind}", kind, name)


def _of_machine(machine: StateMachineDefinition) -> Iterator[Mention]:
    for number, transition in enumerate(machine.definition.transitions):
        path = f"definition.transitions.{number}"
        yield from _roles(f"{path}.roles", transition.roles)
        for action_number, action in enumerate(transition.actions):
            if isinstance(action, SendNotification):
                yield from _addressees(f"{path}.actions.{action_number}.to", action.to)


def _roles(path: str, roles: list[str]) -> Iterator[Mention]:
    for number, role in enumerate(roles):
        yield Mention(f"{path}.{number}", ROLE, role)


def _addressees(path: str, to: Any) -> Iterator[Mention]:
    """The recipients of an action: texts are addresses, users' ids or roles."""
    listed = to if isinstance(to, list) else [to]
    for number, each in enumerate(listed):
        here = f"{path}.{number}" if isinstance(to, list) else path
        if isinstance(each, Addressee):
            yield from _one(here, each)
        elif isinstance(each, str):
            if parse_uuid(each) is not None:
                yield Mention(here, USER, each)
            elif "@" not in each:
                yield Mention(here, ROLE, each)
