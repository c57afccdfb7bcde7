"""A delivery: a request that an endpoint is to get, from when it is decided until it has arrived or is given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from services.webhook.header_templates import Headers
from services.webhook.signing import Salts

COMMIT, REPLAY, TEST, QUESTION = "commit", "replay", "test", "question"
"""Why there is a delivery: a commit, its repetition, somebody who tries it, a write that asks first."""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery to be stored. `headers` still hold their templates; `error` says why it can't be sent.

    `endpoint` is whose turn it is to be sent: the webhook, or for actions the origin of the URL.
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


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that is ours to send until `claimed_until`. `attempt` counts the attempts made so far.

    `ailing` says that its endpoint has failed lately, so that a success is news.
    """

    id: str
    webhook_id: str
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


ACTIONS = frozenset({"workflow", "transition"})
"""What stands as `hook` for requests that no webhook asks for."""


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL: what an action's endpoint is known by."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "://"  # nowhere: it will fail as soon as it is sent
    return f"{parts.scheme.lower()}://{(parts.hostname or '').lower()[:253]}{port}"


def public_url(url: str) -> str:
    """A URL for events and logs: without what may be a secret in it (user, password, query)."""
    try:
        return origin_of(url) + urlsplit(url).path
    except ValueError:
        return ""
