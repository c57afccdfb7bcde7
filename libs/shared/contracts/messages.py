"""What can be sent over NATS: the base classes of all messages.

The class decides the subject: nothing outside `contracts` spells one. Fields are flat JSON values;
`body`, where declared, travels as raw bytes behind the JSON head and is never parsed on the way.
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
    """A finished HTTP answer that the gateway passes on unread: JSON bytes, status, extra headers.

    `kept` is what an Idempotency-Key keeps in place of a body with a secret in it; it never travels.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    kept: bytes | None = None


class Writes(Enum):
    """Where the effect of a request lies, which an Idempotency-Key must happen together with."""

    NOTHING = "nothing"
    """It has none: the key is ignored."""
    APP = "app"
    """In the app's database: key and effect are one transaction."""
    PLATFORM = "platform"
    """Where no transaction reaches, as a database is made or dropped: the key is kept when it is done."""


class Request(Generic[R]):
    """A request to exactly one service. Subclasses are frozen dataclasses and set the class variables.

    `service` owns it, `name` completes the subject, `reply` is the class of the answer. `writes` says what
    an Idempotency-Key makes of it: see `Writes`. `largest` (bytes of a body) and `patience` (seconds until
    the answer) are for those that need more than is usual. `parameters` are those that `query` may have, `body_model`
    is what `body` is read as, if it has a model.
    `by_services`: services may ask it by themselves, without a gateway that vouches for a caller.
    `values_in_head`, of questions and of replies, says that there are values of records in the head, whose digits
    must not be lost.
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
    """Something that changed, told to every replica at once, without promise of delivery.

    Caches use it to forget early; correctness never rests on it.
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
    """Whether the head of a message holds values of records, whose numbers keep all their digits: `values_in_head`."""
    return getattr(kind, "values_in_head", False)


class _Shapes(dict[type[Any], tuple[tuple[str, ...], bool]]):
    """The names of a message's fields in its head, and whether it has a body; found out once for each class."""

    def __missing__(self, message: type[Any]) -> tuple[tuple[str, ...], bool]:
        names = tuple(f.name for f in fields(message))
        self[message] = tuple(name for name in names if name != "body"), "body" in names
        return self[message]


_shapes = _Shapes()
