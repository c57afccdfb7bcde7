"""Changes of users, invites and keys: made in a transaction, told in it to whoever keeps the audit log.

An app's are signals (`signals.<app>.gateway.…`), which the events service writes into the app's audit log.
The platform's accounts belong to no app: theirs are in the gateway's own log.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

import structlog

from libs.shared.contracts.audit import audited
from libs.shared.contracts.context import Context
from libs.shared.contracts.signals import AccountChanged
from libs.shared.postgres.databases import Connection, after_commit
from services.gateway.identity.realms import Realm

log = structlog.get_logger()

Shown = Mapping[str, Any] | None


class Change:
    """A change in its transaction; what is told is known when that has committed, or not at all."""

    def __init__(self, realm: Realm, context: Context, transaction: Connection) -> None:
        self._realm = realm
        self._context = context
        self.transaction = transaction

    async def tell(self, entity: str, record_id: str, action: str, before: Shown, after: Shown) -> None:
        """Who has done what to which user, invite or key; neither picture holds a secret."""
        if self._realm.app is None:
            await after_commit(partial(self._note, entity, record_id, action))
            return
        fields = audited(self._context, entity, record_id, action, before, after)
        signal = AccountChanged(trace_id=self._context.trace_id, **fields)
        await self._realm.state.accounts.outbox.emit(self.transaction, signal)

    async def _note(self, entity: str, record_id: str, action: str) -> None:
        who = self._context.identity
        log.info(
            "platform.account_changed",
            entity=entity,
            record_id=record_id,
            action=action,
            user_id=who.id if who else None,
            ip=self._context.ip,
        )


@contextlib.asynccontextmanager
async def change(realm: Realm, context: Context) -> AsyncIterator[Change]:
    """A transaction in the realm's database, whose changes are told."""
    relay = realm.state.accounts.relay
    if realm.app is not None:
        await relay.activate(realm.app)
    async with realm.database.transaction() as transaction:
        yield Change(realm, context, transaction)
    if realm.app is not None:
        relay.wake(realm.app)
