"""Builds the request of a delivery: its stored body, the current address and headers. Pure: time is a parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.shared.contracts.context import AppRef
from libs.shared.schema.webhook_secrets import signing_key
from libs.shared.schema.webhooks import Retry, WebhookDefinition
from services.webhook.deliveries import ACTIONS, REDELIVERY, TEST, ClaimedDelivery
from services.webhook.matching import WebhookIndex, with_content_type
from services.webhook.retry_policy import DEFAULT_JITTER_SHARE, MAX_DELAY_S, DeliveryRetryPolicy
from services.webhook.sending import WebhookRequest
from services.webhook.settings import WebhookSettings
from services.webhook.signing import Salts

REDELIVERY_HEADERS = {"webhook-replay": "true"}
"""Marks a redelivery: the change may be old."""


class Unsendable(Exception):
    """The webhook of a delivery no longer exists or is inactive."""


@dataclass(frozen=True, slots=True)
class RequestBuilder:
    """Makes requests of deliveries, signed with keys that derive from the platform's secret."""

    settings: WebhookSettings

    def of(self, app: AppRef, claimed: ClaimedDelivery, index: WebhookIndex, now: datetime) -> WebhookRequest:
        """The request of a delivery. Raises Unsendable if its webhook has been deleted or is not active."""
        keys = self.keys(app, claimed.webhook_id, claimed.salts, now)
        mark = REDELIVERY_HEADERS if claimed.origin == REDELIVERY else {}
        url, method, headers, timeout = claimed.url, claimed.method, claimed.headers, self.settings.webhook_timeout
        definition = definition_of(claimed, index)
        if definition is not None:
            url, method, headers = definition.url, definition.method, with_content_type(definition.headers)
            timeout = min(timeout, definition.timeout or timeout)
        return WebhookRequest(method, url, {**headers, **mark}, claimed.body, claimed.idempotency_key, keys, timeout)

    def keys(self, app: AppRef, webhook_id: str, salts: Salts, now: datetime) -> Sequence[bytes]:
        """The keys to sign with now, the current one first."""
        return [signing_key(self.settings.secret_key, app.id, webhook_id, salt) for salt in salts.valid(now)]

    def policy(self, claimed: ClaimedDelivery, index: WebhookIndex) -> DeliveryRetryPolicy:
        """The retry policy of a delivery."""
        webhook = index.by_id.get(claimed.webhook_id)
        retry = webhook.definition.retry if webhook else Retry()
        return DeliveryRetryPolicy(
            claimed.backoff,
            self.settings.webhook_retry_seconds if retry.delay is None else retry.delay,
            MAX_DELAY_S if retry.max_delay is None else retry.max_delay,
            DEFAULT_JITTER_SHARE if retry.jitter is None else retry.jitter,
        )


def definition_of(claimed: ClaimedDelivery, index: WebhookIndex) -> WebhookDefinition | None:
    """The current webhook of a delivery; None for actions. Raises Unsendable."""
    if claimed.hook in ACTIONS:
        return None
    webhook = index.by_id.get(claimed.webhook_id)
    if webhook is None:
        raise Unsendable("the webhook has been deleted")
    if not webhook.definition.active and claimed.origin != TEST:
        raise Unsendable("the webhook is not active")
    return webhook.definition


def urls_of(endpoints: Sequence[str], index: WebhookIndex) -> Mapping[str, str | None]:
    """The current URLs of endpoints; the endpoint of an action is itself a URL."""
    return {
        endpoint: endpoint if "://" in endpoint else webhook.definition.url if webhook else None
        for endpoint in endpoints
        for webhook in (index.by_id.get(endpoint),)
    }
