"""Webhooks: what the webhook service answers about its deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field

from libs.shared.contracts.messages import Answer, Ask, Writes
from libs.shared.contracts.records import Pairs


@dataclass(frozen=True, slots=True)
class ListDeliveries(Ask[Answer]):
    """The delivery log, newest first; `webhook_id`, `status`, `entity`, `page`, `per_page` in `query`."""

    service, name = "webhook", "logs.list"
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GetDelivery(Ask[Answer]):
    """One delivery of the log."""

    service, name = "webhook", "logs.get"
    id: str


@dataclass(frozen=True, slots=True)
class RetryDelivery(Ask[Answer]):
    """Send a delivery that is not delivered yet once more, now."""

    service, name = "webhook", "logs.retry"
    writes = Writes.APP
    id: str
