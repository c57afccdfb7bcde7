"""The rights of a subscriber on NATS: pull from its own durables, acknowledge, and read its own inbox.

Subscribers have their own account (deploy/nats/accounts.conf). A pull names the subject of its messages,
which within the services' account could be the subject of another client. Between accounts the server ensures
that responses return to the requesting account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from libs.shared.contracts.streams import (
    COMMITS,
    SIGNALS,
    STREAMS,
    StreamSpec,
    commits_of,
    commits_of_entity,
    signals_of,
    telemetry_subject,
)

ACCOUNT = "SUBSCRIBERS"
MAX_SUBSCRIPTIONS = 20
"""Subscriptions of one connection."""
MAX_PAYLOAD_BYTES = 4096
"""Largest message that it may publish: a pull or an acknowledgement."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One subscriber: `id` is 32 random hexadecimal digits, and part of the names of its durables."""

    id: str
    app_id: str
    app_name: str
    streams: list[str]
    entities: list[str]

    @property
    def user(self) -> str:
        """Its name on NATS."""
        return f"{self.app_name}.{self.id}"

    @property
    def inbox(self) -> str:
        """The prefix of the subjects on which it receives responses."""
        return f"_INBOX.{self.id}"

    @property
    def durable(self) -> str:
        """The name of its durables, one on each stream. Other subscribers of the account can't guess it."""
        return f"{durables_of(self.app_id)}{self.id}"

    def specs(self) -> list[StreamSpec]:
        """The streams it reads."""
        return [spec for spec in STREAMS if spec.name.lower() in self.streams]

    def filters(self, spec: StreamSpec) -> list[str]:
        """The subjects of its durable on a stream."""
        if spec is COMMITS:
            return [commits_of_entity(self.app_id, entity) for entity in self.entities] or [commits_of(self.app_id)]
        return [signals_of(self.app_id) if spec is SIGNALS else telemetry_subject(self.app_id)]

    def permissions(self) -> dict[str, Any]:
        """Its rights, in the form of a NATS user token."""
        pulls = [f"$JS.API.CONSUMER.MSG.NEXT.{spec.name}.{self.durable}" for spec in self.specs()]
        acks = [f"$JS.ACK.{spec.name}.{self.durable}.>" for spec in self.specs()]
        return {
            "pub": {"allow": [*pulls, *acks]},
            "sub": {"allow": [f"{self.inbox}.>"]},
            "subs": MAX_SUBSCRIPTIONS,
            "payload": MAX_PAYLOAD_BYTES,
            "data": -1,
        }


def durables_of(app_id: str) -> str:
    """The prefix of the names of all subscribers' durables of an app."""
    return f"outside_{app_id.replace('-', '')}_"
