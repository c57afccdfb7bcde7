"""The roles and users that definitions name. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from libs.shared.ids import parse_uuid
from libs.shared.schema import PolicyDefinition
from libs.shared.schema.notifications import NotificationRule
from libs.shared.schema.state_machines import Addressee, SendNotification, StateMachineDefinition
from libs.shared.schema.workflows import ApprovalStep, WorkflowDefinition

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
        case StateMachineDefinition():
            yield from _of_machine(definition)
        case WorkflowDefinition():
            for number, step in enumerate(definition.steps):
                if isinstance(step, ApprovalStep) and step.assignee:
                    yield Mention(f"steps.{number}.assignee.role", ROLE, step.assignee.role)
        case NotificationRule():
            for number, recipient in enumerate(definition.recipients):
                for kind in {ROLE, USER} & recipient.keys():
                    yield Mention(f"recipients.{number}.{kind}", kind, recipient[kind])


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
            yield from (
                Mention(f"{here}.{kind}", kind, name)
                for kind, name in ((ROLE, each.role), (USER, each.user))
                if name is not None
            )
        elif isinstance(each, str):
            if parse_uuid(each) is not None:
                yield Mention(here, USER, each)
            elif "@" not in each:
                yield Mention(here, ROLE, each)
