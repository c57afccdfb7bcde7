"""Outside subscribers: programs that read an app's public streams over NATS, each with rights of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from libs.shared.contracts.bodies import Moment, RequestBody, Text, refusal
from libs.shared.contracts.messages import Request, Response, Writes

MAX_ENTITIES = 50
StreamName = Literal["commits", "signals", "telemetry"]
COMMITS: StreamName = "commits"
EntityName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")]


def _distinct(names: list[str]) -> list[str]:
    return sorted(set(names))


class SubscriberBody(RequestBody):
    """A subscriber. `entities` narrow commits to theirs; without any, all are read."""

    name: Annotated[Text, Field(min_length=1, max_length=100, pattern=r"\S"), AfterValidator(str.strip)]
    streams: Annotated[list[StreamName], Field(min_length=1), AfterValidator(_distinct)] = Field([COMMITS])
    entities: Annotated[
        list[EntityName],
        BeforeValidator(lambda names: names or []),
        Field(max_length=MAX_ENTITIES),
        AfterValidator(_distinct),
    ] = Field([])
    expires_at: Moment | None = None

    @model_validator(mode="after")
    def entities_narrow_commits(self) -> Self:
        """Refuse entities without the stream that they narrow."""
        if self.entities and COMMITS not in self.streams:
            raise refusal("entities", "narrow the stream commits, which is not asked for", "entities")
        return self


@dataclass(frozen=True, slots=True)
class CreateSubscriber(Request[Response]):
    """A program that may read the app's public streams over NATS; its password is shown once."""

    service, name = "events", "subscribers.create"
    body_model = SubscriberBody
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
