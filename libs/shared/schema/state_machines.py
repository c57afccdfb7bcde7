"""State machines: the states a field may have, and how it gets from one to the next."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)

from libs.shared.schema.formulas import Formula, compiled
from libs.shared.schema.parts import MAX_ACTIONS, Name, Part, Url
from libs.shared.schema.strict import Strict, is_stored

MAX_TRANSITIONS = 1_000
STATE_TYPES = ("string", "text")
"""Types of the fields that can hold a state."""

Fields = dict[Name, Any]


class SetField(Part):
    """Sets a field in the same write; "now" is the current time."""

    type: Literal["set_field"]
    field: Name
    value: Any = None


class CallWebhook(Part):
    """A request with a JSON object as body, after the commit."""

    type: Literal["webhook"]
    url: Url
    method: Literal["POST", "PUT", "PATCH", "GET", "DELETE"] = "POST"
    headers: dict[str, str] = Field(default_factory=dict)


class CreateRecord(Part):
    """A new record of any entity."""

    type: Literal["create_record"]
    entity: Name
    fields: Fields = Field(default_factory=dict)


class UpdateRecord(Part):
    """Other values for a record of any entity; `record_id` is an id or a template."""

    type: Literal["update_record"]
    entity: Name
    record_id: Name
    fields: Fields = Field(default_factory=dict)


class DeleteRecord(Part):
    """The end of a record of any entity."""

    type: Literal["delete_record"]
    entity: Name
    record_id: Name


class SendEvent(Part):
    """A business event."""

    type: Literal["send_event"]
    event: Name
    payload: dict[str, Any] = Field(default_factory=dict)


class Words(Part):
    """The text of a notification; without a subject its first line is used."""

    subject: str = ""
    body: str = ""


class Addressee(Part):
    """Whom an action names otherwise than by a text: a user's id or address, an address, everybody with a role."""

    user: str | None = None
    email: str | None = None
    role: str | None = None


def _kept_if_stored(given: Any, parse: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """Accepts stored values that an older version accepted, so that their state machine still loads."""
    try:
        return parse(given)
    except ValidationError:
        if is_stored(info):
            return given
        raise


Addressed = Annotated[str | Addressee | list[str | Addressee], WrapValidator(_kept_if_stored)]
Said = Annotated[str | Words | None, WrapValidator(_kept_if_stored)]


class SendNotification(Part):
    """A notification by a channel (email, in_app): `to` is one or a list of addresses, users' ids, roles, or
    recipients as in rules."""

    type: Literal["send_notification"]
    channel: Name
    template: Said = None
    to: Addressed


Action = Annotated[
    SetField | CallWebhook | CreateRecord | UpdateRecord | DeleteRecord | SendEvent | SendNotification,
    Field(discriminator="type"),
]


class Transition(Part):
    """One way from a state to the next. Empty `roles` is everybody; a `guard` must be true."""

    model_config = ConfigDict(serialize_by_alias=True)

    origin: Name | Annotated[list[Name], Field(min_length=1)] = Field(alias="from")
    to: Name
    roles: list[str] = Field(default_factory=list)
    guard: Formula | None = None
    actions: list[Action] = Field(default_factory=list, max_length=MAX_ACTIONS)

    @field_validator("guard", mode="before")
    @classmethod
    def _empty_is_none(cls, guard: Any) -> Any:
        return None if isinstance(guard, str) and not guard.strip() else guard

    @property
    def origins(self) -> frozenset[str]:
        """The states it begins in."""
        return frozenset([self.origin] if isinstance(self.origin, str) else self.origin)

    @property
    def evaluable(self) -> bool:
        """Whether the guard can be decided; an imported one that can't is never evaluated."""
        return self.guard is None or compiled(self.guard) is not None


class MachineBody(Part):
    """The state of a new record, and all transitions."""

    initial: Name
    transitions: list[Transition] = Field(min_length=1, max_length=MAX_TRANSITIONS)


class StateMachineDefinition(Strict):
    """A state machine as an operator describes it. Natural key: entity, field."""

    model_config = ConfigDict(serialize_by_alias=True)

    entity: Name
    field: Name
    definition: MachineBody
    active: bool = True
