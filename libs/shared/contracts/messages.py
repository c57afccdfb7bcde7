"""The base classes of all messages between services.

The class of a message determines its subject; only `contracts` contains subjects. Fields are flat JSON values. `body`,
where declared, is sent as raw bytes after the JSON head and is not parsed on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, ClassVar, Generic, TypeVar

from libs.shared.contracts.bodies import RequestBody
from libs.shared.parameters import NONE, Parameters

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Response:
    """A complete HTTP response that the gateway forwards unread: JSON bytes, status, extra headers.

    `kept` is stored for an Idempotency-Key in place of a body that contains a secret; it is never sent.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    kept: bytes | None = None


class Writes(Enum):
    """Where a request has its effect. An Idempotency-Key is stored in the same place."""

    NOTHING = "nothing"
    """The request has no effect, so the key is ignored."""
    APP = "app"
    """In the database of the app: key and effect are committed in one transaction."""
    PLATFORM = "platform"
    """Outside of any transaction (a database is created or dropped): the key is stored when the effect is complete."""


class Request(Generic[R]):
    """A request to exactly one service. Subclasses are frozen dataclasses and set the class variables.

    `service` serves the request, `name` completes the subject, and `reply` is the class of the response. `writes` is
    where an Idempotency-Key is stored. `max_body_bytes` and `timeout` (seconds until the response) are set for requests
    that need more than the default. `parameters` lists the allowed names in `query`. `body_model` is the model of
    `body`, if it has one.

    With `by_services`, services may send the request on their own, without the signature of a gateway. With
    `values_in_head` (of requests and responses), the head contains values of records, whose decimals keep all digits.
    """

    service: ClassVar[str]
    name: ClassVar[str]
    reply: ClassVar[type[Any]] = Response
    writes: ClassVar[Writes] = Writes.NOTHING
    max_body_bytes: ClassVar[int] = 0
    values_in_head: ClassVar[bool] = False
    by_services: ClassVar[bool] = False
    timeout: ClassVar[float] = 0.0
    parameters: ClassVar[Parameters] = NONE
    body_model: ClassVar[type[RequestBody] | None] = None

    @classmethod
    def address(cls) -> str:
        """The NATS subject, `rocket.<service>.<name>`."""
        return f"rocket.{cls.service}.{cls.name}"


class Announcement:
    """A change that is published to all replicas without guaranteed delivery.

    Caches use it to drop entries early; correctness never depends on it.
    """

    name: ClassVar[str]

    @classmethod
    def address(cls) -> str:
        """The NATS subject, `rocket.announce.<name>`."""
        return f"rocket.announce.{cls.name}"


def head_fields(message: type[Any]) -> tuple[str, ...]:
    """The names of a message's fields that travel in its JSON head (all but `body`)."""
    return _shapes[message][0]


def has_body(message: type[Any]) -> bool:
    """Whether a message carries raw bytes behind its head."""
    return _shapes[message][1]


def holds_values(kind: type[Any] | None) -> bool:
    """Whether the head of a message contains values of records, whose numbers keep all digits: `values_in_head`."""
    return getattr(kind, "values_in_head", False)


class _MessageShapes(dict[type[Any], tuple[tuple[str, ...], bool]]):
    """Class of a message → the names of its head fields and whether it has a body; computed once per class."""

    def __missing__(self, message: type[Any]) -> tuple[tuple[str, ...], bool]:
        names = tuple(f.name for f in fields(message))
        self[message] = tuple(name for name in names if name != "body"), "body" in names
        return self[message]


_shapes = _MessageShapes()
