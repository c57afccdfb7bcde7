"""Outside subscribers: programs that read an app's public streams over NATS, each with rights of its own."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.contracts.messages import Request, Response, Writes


@dataclass(frozen=True, slots=True)
class CreateSubscriber(Request[Response]):
    """A subscriber from `{name, streams?, entities?, expires_at?}`; its password is in this answer and nowhere else."""

    service, name = "events", "subscribers.create"
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ListSubscribers(Request[Response]):
    """All subscribers of the app."""

    service, name = "events", "subscribers.list"


@dataclass(frozen=True, slots=True)
class DeleteSubscriber(Request[Response]):
    """The end of a subscriber: what it has open hears no more, and it is not let in again."""

    service, name = "events", "subscribers.delete"
    writes = Writes.APP
    id: str
