"""Calls the relay of another service, for a transaction that writes into its log."""

from __future__ import annotations

from libs.shared.bus.nats.connection import Connection
from libs.shared.contracts.operations import relay_hint
from libs.shared.postgres.databases import Databases

OFFER = "INSERT INTO bus.leases (name, holder, until) VALUES ($1, '', now()) ON CONFLICT DO NOTHING"


def lease_name(service: str, app_id: str) -> str:
    """The lease of the replica that relays the log of a service in an app."""
    return f"relay/{service}/{app_id}"


async def call_relay(databases: Databases, connection: Connection, service: str, app_id: str) -> None:
    """Have a replica of the service publish its log.

    Call it before the commit, so that a crash right after it loses nothing, and once more afterwards. Relays take over
    a lease that has lapsed; a hint wakes the leader.
    """
    await databases.platform.execute(OFFER, lease_name(service, app_id))
    await connection.announce(relay_hint(service)(app_id=app_id))
