"""The signals: what services tell of what they have done. The class decides subject, type and keys.

A signal is emitted in the transaction of what it tells of (bus/outbox) and published on the stream SIGNALS. `data_of`
and `decode` are the one codec. Fields with a default are left out of the data while they have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, Self

from libs.shared.contracts.audit import AUDIT, AuditEntry
from libs.shared.contracts.streams import SignalEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What a service has done. Subclasses are frozen dataclasses and set the class variables.

    `service` emits it, `name` is its name in the past tense. `key_field` names the field by which signals are ordered.
    Fields in `envelope` travel outside the data, under the name of an attribute of `SignalEvent`.
    """

    service: ClassVar[str]
    name: ClassVar[str]
    key_field: ClassVar[str]
    envelope: ClassVar[Mapping[str, str]] = {"trace_id": "trace_id"}

    trace_id: str

    @property
    def what(self) -> str:
        """What has been done: ends the subject `signals.<app id>.<service>.<what>`."""
        return self.name

    @property
    def subject_key(self) -> str:
        """To what it has been done: signals of one service with the same key are handled in order."""
        key: str = getattr(self, self.key_field)
        return key

    @classmethod
    def is_in(cls, event: SignalEvent) -> bool:
        """Whether an event is a signal of this class."""
        return event.service == cls.service and event.what == cls.name

    @classmethod
    def decode(cls, event: SignalEvent) -> Self | None:
        """The signal of an event; None if it is of another class. Fields that an old event lacks are None."""
        if not cls.is_in(event):
            return None
        required, optional = _shapes[cls]
        values: dict[str, Any] = {name: event.data.get(name) for name in required}
        values |= {name: event.data.get(name, default) for name, default in optional.items()}
        values |= {name: getattr(event, source) for name, source in cls.envelope.items()}
        return cls(**values)


def data_of(signal: Signal) -> dict[str, Any]:
    """The data of a signal: what its event holds under `data`."""
    required, optional = _shapes[type(signal)]
    data = {name: getattr(signal, name) for name in required}
    data.update((name, value) for name, default in optional.items() if (value := getattr(signal, name)) != default)
    return data


class _SignalShapes(dict[type[Signal], tuple[tuple[str, ...], dict[str, Any]]]):
    """The fields in a signal's data: names of the required ones, defaults of the others; computed once per class."""

    def __missing__(self, kind: type[Signal]) -> tuple[tuple[str, ...], dict[str, Any]]:
        inside = [field for field in fields(kind) if field.name not in kind.envelope]
        required = tuple(field.name for field in inside if field.default is MISSING)
        self[kind] = required, {field.name: field.default for field in inside if field.default is not MISSING}
        return self[kind]


_shapes = _SignalShapes()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedChange(Signal):
    """A change of something that is no record, which the audit log notes. `entity` begins with `_`."""

    key_field = "record_id"

    entity: str
    record_id: str
    user_id: str | None
    audit: AuditEntry

    @classmethod
    def is_in(cls, event: SignalEvent) -> bool:
        """By its data: the audit log notes changes that any service tells of."""
        return isinstance(event.data.get(AUDIT), dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged(AuditedChange):
    """A user, invite, API key or signing key of an app has changed: `users_created`, `api_keys_deleted`, …"""

    service = "gateway"

    @property
    def what(self) -> str:
        return f"{self.entity.strip('_')}_{self.audit['action']}d"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionChanged(AuditedChange):
    """A definition has changed: `definition_created`, … `subject` is `<entity>/<id of the definition>`."""

    service = "metadata"
    key_field = "subject"
    envelope: ClassVar[Mapping[str, str]] = {"trace_id": "trace_id", "subject": "subject_key"}

    subject: str

    @property
    def what(self) -> str:
        return f"definition_{self.audit['action']}d"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFailed(Signal):
    """A delivery of a webhook has failed and is not tried again."""

    service, name, key_field = "webhook", "delivery_failed", "webhook_id"

    delivery_id: str
    webhook_id: str
    entity: str
    record_id: str
    hook: str
    url: str
    attempt: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSignal(Signal):
    """The circuit of an endpoint has changed. `endpoint` is the id of a webhook, or the origin of actions."""

    service, key_field = "webhook", "endpoint"

    endpoint: str
    url: str
    circuit: str
    failures: int
    failing_since: str | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitOpened(EndpointSignal):
    """An endpoint has failed too often; nothing is sent to it for a while."""

    name = "circuit_opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitClosed(EndpointSignal):
    """An endpoint works again."""

    name = "circuit_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointDisabled(EndpointSignal):
    """An endpoint has been disabled; nothing is sent to it until somebody enables it."""

    name = "endpoint_disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointEnabled(EndpointSignal):
    """Somebody has enabled a disabled endpoint."""

    name = "endpoint_enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRotated(Signal):
    """Somebody has rotated the secret by which requests of a webhook, state machine or workflow are signed."""

    service, name, key_field = "webhook", "secret_rotated", "webhook_id"

    webhook_id: str
    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSignal(Signal):
    """What a workflow instance has done: for which record, on whose behalf."""

    service, key_field = "workflow", "instance_id"

    instance_id: str
    workflow_id: str
    workflow_name: str
    entity: str
    record_id: str
    user_id: str | None
    user_email: str | None
    cause_depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStarted(InstanceSignal):
    """A workflow instance has started."""

    name = "instance_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceCompleted(InstanceSignal):
    """A workflow instance has completed all its steps."""

    name = "instance_completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFailed(InstanceSignal):
    """A workflow instance has failed and does not continue."""

    name = "instance_failed"

    step: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceCancelled(InstanceSignal):
    """A workflow instance was ended by somebody (`by`), or because of its record or its parent."""

    name = "instance_cancelled"

    step: str | None
    by: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequested(InstanceSignal):
    """A workflow instance waits for an approval, until `deadline` if it has one.

    `roles` and `users` (ids) may decide; `role` is the role where it is the only one.
    """

    name = "approval_requested"

    step: str
    role: str | None
    deadline: str | None
    roles: Sequence[str] = ()
    users: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalReminded(InstanceSignal):
    """An approval is still waited for, and it is time to remind those who may decide."""

    name = "approval_reminded"

    step: str
    roles: Sequence[str] = ()
    users: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalEscalated(InstanceSignal):
    """Somebody else may decide an approval now: these roles and users (ids)."""

    name = "approval_escalated"

    step: str
    roles: Sequence[str] = ()
    users: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatDecided(InstanceSignal):
    """A user (`by`, perhaps on behalf of another one) has approved or rejected on one seat of an approval."""

    name = "seat_decided"

    step: str
    seat: str
    decision: str
    by: str
    on_behalf_of: str | None = None
    comment: str | None = None
    override: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatReassigned(InstanceSignal):
    """A seat of an approval was handed on to these roles or users (ids)."""

    name = "seat_reassigned"

    step: str
    seat: str
    by: str
    roles: Sequence[str] = ()
    users: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCompleted(InstanceSignal):
    """A step of a workflow instance has ended; of an approval `by` is the user who decided."""

    name = "step_completed"

    step: str | None
    status: str
    by: str | None = None
    comment: str | None = None
    on_behalf_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequested(InstanceSignal):
    """A step of a workflow instance sends a request; the webhook service delivers it once per `effect_key`.

    With `awaited` (statuses that are successes besides 2xx) the instance waits for `WebhookAnswered`.
    """

    name = "webhook_requested"

    url: str
    method: str
    body: Any
    effect_key: str
    headers: Mapping[str, Any] | None = None
    awaited: Sequence[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAnswered(Signal):
    """The request of a workflow's step is answered, or has failed for good (`error`).

    `response` is `{status, body}`, the body as text; None where there was no connection.
    """

    service, name, key_field = "webhook", "webhook_answered", "effect_key"

    effect_key: str
    workflow_id: str
    response: Mapping[str, Any] | None
    error: str | None
