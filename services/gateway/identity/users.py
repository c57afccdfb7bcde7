"""The users of an app, and the accounts of the platform, as their administrators manage them."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from typing import Any

import orjson

from libs.shared.contracts.accounts import NewUserBody, UserBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.emails import same_address
from libs.shared.errors import RocketError, detail_of, not_found
from libs.shared.ids import uuid7
from libs.shared.postgres.errors import UniqueViolation
from services.gateway.identity import audit
from services.gateway.identity.paths import parse_id
from services.gateway.identity.realms import Realm
from services.gateway.identity.revocations import DELETED_USER_VERSION
from services.gateway.identity.store import sessions
from services.gateway.identity.store import users as store


async def list_users(realm: Realm, context: Context) -> Response:
    """All users."""
    return Response(body=b'{"data":%s}' % await store.list_all(realm.database))


async def get_user(realm: Realm, context: Context, user_id: str) -> Response:
    """One user."""
    row = await store.get(realm.database, parse_id(user_id, "User"))
    if row is None:
        raise not_found("User")
    return Response(body=b'{"data":%s}' % row)


async def create_user(realm: Realm, context: Context, body: NewUserBody) -> Response:
    """A new user."""
    passwords = realm.accounts.passwords
    hashed = await passwords.hash(passwords.check_policy(body.password))
    row = await insert(realm, context, body.email, hashed, body.roles, body.active)
    return Response(201, orjson.dumps({"data": row}))


async def insert(
    realm: Realm, context: Context, email: str, hashed: str, roles: list[str], active: bool = True
) -> dict[str, Any]:
    """Store a new user, with its audit entry. Raises CONFLICT for a taken address."""
    async with audit.change(realm, context) as change:
        with conflict_if_taken():
            row = await store.insert(change.transaction, uuid7(), email, hashed, roles, active)
        await change.record("_users", row["id"], "create", None, image(row))
    return row


async def replace_user(realm: Realm, context: Context, user_id: str, body: UserBody) -> Response:
    """Replace a user. This invalidates their access tokens; a new password or deactivation ends their sessions."""
    identifier, passwords = parse_id(user_id, "User"), realm.accounts.passwords
    hashed = None if body.password is None else await passwords.hash(passwords.check_policy(body.password))
    async with audit.change_user(realm, context, identifier) as change:
        before = await store.lock(change.transaction, identifier)
        if before is None:
            raise not_found("User")
        if not body.active:
            await _keep_one(realm, change, identifier)
        # An address that stays the same one stays as it is stored.
        email = before["email"] if same_address(before["email"]) == body.email else body.email
        with conflict_if_taken():
            values = (email, hashed, body.roles, body.active)
            change.version, row = await store.update(change.transaction, identifier, *values)
        if hashed is not None or not body.active:
            await sessions.end_all(change.transaction, identifier)
        secret = {"password": "***"} if hashed is not None else {}
        await change.record("_users", row["id"], "update", image(before), {**image(row), **secret})
    return Response(body=orjson.dumps({"data": row}))


async def delete_user(realm: Realm, context: Context, user_id: str) -> Response:
    """The end of a user."""
    identifier = parse_id(user_id, "User")
    async with audit.change_user(realm, context, identifier) as change:
        before = await store.lock(change.transaction, identifier)
        if before is None:
            raise not_found("User")
        await _keep_one(realm, change, identifier)
        await store.delete(change.transaction, identifier)
        if realm.app is not None:
            await store.forget_views(change.transaction, identifier)
        change.version = DELETED_USER_VERSION
        await change.record("_users", str(identifier), "delete", image(before), None)
    return Response(body=b'{"data":{"id":"%s","deleted":true}}' % str(identifier).encode())


async def _keep_one(realm: Realm, change: audit.AccountChange, user_id: uuid.UUID) -> None:
    """Refuse to lose the platform's last account. An app needs none: the platform's accounts can enter it."""
    if realm.app is None and await store.is_last(change.transaction, user_id):
        raise RocketError("CONFLICT", "This is the last account of the platform")


@contextlib.contextmanager
def conflict_if_taken() -> Iterator[None]:
    """Turns a unique violation into the refusal of a taken mail address."""
    try:
        yield
    except (UniqueViolation, store.AddressTaken):
        details = [detail_of("email", "is taken", "unique")]
        raise RocketError("CONFLICT", "A user with this email exists already", details) from None


def image(row: dict[str, Any]) -> dict[str, Any]:
    """A user as the audit log shows them."""
    return {name: row[name] for name in ("email", "roles", "active")}
