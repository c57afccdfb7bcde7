"""Changes of users, invites and keys: each in a transaction, with its audit entry.

An app's entries are signals (`signals.<app>.gateway.…`), which the events service writes into the app's audit log.
The platform's accounts belong to no app: their entries are lines of the gateway's own log.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

import structlog

from libs.shared.bus.outbox.transactions import Transaction
from libs.shared.contracts.audit import audited
from libs.shared.contracts.context import Context
from libs.shared.contracts.signals import AccountChanged
from libs.shared.postgres.databases import Connection, after_commit
from services.gateway.identity.realms import Realm

log = structlog.get_logger()

Image = Mapping[str, Any] | None
"""A user, invite or key before or after a change, without secrets."""


class AccountChange:
    """A change in its transaction. Its audit entry commits with it."""

    def __init__(self, context: Context, connection: Connection, unit: Transaction | None) -> None:
        self._context = context
        self._unit = unit
        self.transaction = connection
        self.version: int | None = None
        """Of a changed user: the version that access tokens must have from now on."""

    async def record(self, entity: str, record_id: str, action: str, before: Image, after: Image) -> None:
        """Add the audit entry: who has done what to which user, invite or key."""
        if self._unit is None:
            await after_commit(partial(self._log, entity, record_id, action))
            return
        fields = audited(self._context, entity, record_id, action, before, after)
        self._unit.emit(AccountChanged(trace_id=self._context.trace_id, **fields))

    async def _log(self, entity: str, record_id: str, action: str) -> None:
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
async def change(realm: Realm, context: Context) -> AsyncIterator[AccountChange]:
    """A transaction in the realm's database, whose audit entries are published once it has committed."""
    if realm.app is None:
        async with realm.database.transaction() as connection:
            yield AccountChange(context, connection, None)
    else:
        async with realm.accounts.transactions.begin(realm.app, emits=True) as unit:
            yield AccountChange(context, unit.connection, unit)


@contextlib.asynccontextmanager
async def change_user(realm: Realm, context: Context, user_id: uuid.UUID) -> AsyncIterator[AccountChange]:
    """The same, for a change that ends the user's access tokens: those of versions before `version`, which is set."""
    mark = await realm.accounts.revocations.note(realm.scope, str(user_id))
    async with change(realm, context) as changed:
        yield changed
    if changed.version is not None:
        await after_commit(partial(realm.accounts.revocations.settle, mark, changed.version))
