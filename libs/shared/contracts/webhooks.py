"""Webhooks: what the webhook service answers about its deliveries and endpoints, and asks for others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from libs.shared.contracts.bodies import RequestBody, refusal
from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.contracts.records import Pairs
from libs.shared.parameters import PAGES, taking

MAX_SYNCHRONOUS_WEBHOOKS = 1_000
"""The largest number of requests to synchronous webhooks for one write."""


@dataclass(frozen=True, slots=True)
class ListDeliveries(Request[Response]):
    """The delivery log, newest first; `webhook_id`, `status`, `entity`, `page`, `per_page` in `query`."""

    service, name = "webhook", "logs.list"
    parameters = taking("webhook_id", "status", "entity", *PAGES)
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GetDelivery(Request[Response]):
    """One delivery of the log, with all its attempts."""

    service, name = "webhook", "logs.get"
    id: str


@dataclass(frozen=True, slots=True)
class RetryDelivery(Request[Response]):
    """Send a delivery that is not delivered yet once more, now."""

    service, name = "webhook", "logs.retry"
    writes = Writes.APP
    id: str


@dataclass(frozen=True, slots=True)
class SendExample(Request[Response]):
    """Send an example to a webhook's endpoint, now, whatever its state; answers what came of it."""

    service, name = "webhook", "endpoints.test"
    writes = Writes.APP
    id: str


def _end_of_range(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise refusal("required", "must be a position or a time")
    return str(value)


RangeEnd = Annotated[
    str,
    BeforeValidator(_end_of_range),
    WithJsonSchema({"oneOf": [{"type": "integer", "minimum": 1}, {"type": "string", "format": "date-time"}]}),
]


class ReplayRangeBody(RequestBody):
    """From where to where in the log, by positions or times; without `to` up to now."""

    since: RangeEnd = Field(alias="from")
    until: Annotated[RangeEnd | None, BeforeValidator(lambda end: None if end == "" else end)] = Field(None, alias="to")


@dataclass(frozen=True, slots=True)
class ReplayWebhook(Request[Response]):
    """Deliver once more what a range of the log comes to for a webhook."""

    service, name = "webhook", "endpoints.replay"
    writes = Writes.APP
    body_model = ReplayRangeBody
    id: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ListReplays(Request[Response]):
    """The replays of a webhook, newest first, and how far they are."""

    service, name = "webhook", "endpoints.replays"
    parameters = taking(*PAGES)
    id: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EnableWebhook(Request[Response]):
    """Send to a webhook's endpoint again, although it was disabled or its circuit is open."""

    service, name = "webhook", "endpoints.enable"
    writes = Writes.APP
    id: str


@dataclass(frozen=True, slots=True)
class RotateSecret(Request[Response]):
    """A new secret for a webhook, shown once; the one before is good for 24 hours more."""

    service, name = "webhook", "endpoints.rotate_secret"
    writes = Writes.APP
    id: str


@dataclass(frozen=True, slots=True)
class Endpoints:
    """How endpoints are, by webhook id: `{circuit, failing_since, hold_until, last_error}`; absent ones are well."""

    states: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class LookAtEndpoints(Request[Endpoints]):
    """How the endpoints of webhooks are; `urls` are those that the webhooks have now, by id."""

    service, name, reply = "webhook", "endpoints.look", Endpoints
    urls: dict[str, str]


@dataclass(frozen=True, slots=True)
class WebhookVerdicts:
    """The verdicts of synchronous webhooks, in the order of the request: `["allowed"|"refused"|"away", reason]`."""

    verdicts: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class AskSynchronousWebhooks(Request[WebhookVerdicts]):
    """Sends a write to the synchronous webhooks that must allow it, before it is committed.

    `body` is a JSON list of `{webhook_id, entity, record_id, action, record, old, changes}`, at most
    MAX_SYNCHRONOUS_WEBHOOKS; the webhooks are those of `schema_version` or newer. `commit_id` names the write.
    """

    service, name, reply = "webhook", "receivers.ask", WebhookVerdicts
    by_services = True
    schema_version: int
    commit_id: str
    body: bytes = b""
