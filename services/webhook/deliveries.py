"""A delivery: a request to an endpoint, from the decision to send it until it has succeeded or failed finally."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from libs.shared.telemetry.tracing import derived_span_id
from services.webhook.header_templates import Headers
from services.webhook.signing import Salts

COMMIT, REDELIVERY, TEST, QUESTION = "commit", "replay", "test", "question"
"""Why a delivery was made: a commit, a redelivery of it, an example, a synchronous webhook."""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery to be stored. `headers` still hold their templates; `error` says why it can't be sent.

    `endpoint` is the key of limits and health: the webhook, or for actions the origin of the URL.
    """

    webhook_id: str
    commit_key: str
    entity: str
    record_id: str
    hook: str
    url: str
    method: str
    headers: Headers
    body: str
    max_attempts: int
    backoff: str
    idempotency_key: str
    trace_id: str
    endpoint: str
    error: str | None = None
    origin: str = COMMIT
    ordered: bool = False
    awaited: Sequence[int] | None = None
    """Statuses that are successes besides 2xx, where a workflow waits for the answer; None: nobody waits."""


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that this replica may send until `claimed_until`. `attempt` counts the attempts made so far.

    `ailing` says that its endpoint failed recently, so that a success changes its health.
    """

    id: str
    webhook_id: str
    commit_key: str
    endpoint: str
    entity: str
    record_id: str
    hook: str
    url: str
    method: str
    headers: Headers
    body: str
    attempt: int
    max_attempts: int
    backoff: str
    idempotency_key: str
    trace_id: str
    origin: str
    ordered: bool
    claimed_until: datetime
    ailing: bool
    salts: Salts
    awaited: Sequence[int] | None = None


def match_span_id(trace_id: str, commit_key: str) -> str:
    """The id of the span in which a commit was matched: its deliveries hang under it, whenever they are sent."""
    return derived_span_id("webhook.match", trace_id, commit_key.partition("/")[0])


ACTIONS = frozenset({"workflow", "transition"})
"""The hooks of deliveries that belong to actions, not to webhooks."""


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL: the endpoint of an action."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "://"  # nowhere: it will fail as soon as it is sent
    return f"{parts.scheme.lower()}://{(parts.hostname or '').lower()[:253]}{port}"


def public_url(url: str) -> str:
    """A URL for events and logs: without user, password and query, which may be secrets."""
    try:
        return origin_of(url) + urlsplit(url).path
    except ValueError:
        return ""
