"""The users of an app, and the accounts of the platform, as their administrators manage them."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.emails import LONGEST, same_address
from libs.shared.errors import Refusals, RocketError, detail_of, invalid_field, not_found
from libs.shared.ids import parse_uuid, uuid7
from libs.shared.postgres.databases import after_commit
from libs.shared.postgres.errors import UniqueViolation
from libs.shared.schema.validation_errors import refuse_unknown
from services.gateway.identity import audit
from services.gateway.identity.passwords import Passwords
from services.gateway.identity.realms import Realm
from services.gateway.identity.revocations import GONE
from services.gateway.identity.store import sessions
from services.gateway.identity.store import users as store

EMAIL = re.compile(r"[^@\s\x00]+@[^@\s\x00]+")
MOST_ROLES = 100
LONGEST_ROLE = 100
FORM = ("email", "password", "roles", "active")
OF_THE_ROW = ("id", "created_at", "updated_at")
"""What GET says of a user beside the form: a whole row may be sent back."""


@dataclass(frozen=True, slots=True)
class UserForm:
    """A user as sent; `password` None leaves it as it is."""

    email: str
    password: str | None
    roles: list[str]
    active: bool


def parse_user(
    body: dict[str, Any], passwords: Passwords, need_password: bool, known: Sequence[str] = FORM
) -> UserForm:
    """Raises VALIDATION_FAILED naming every field that is wrong."""
    refusals, password = Refusals(), body.get("password")
    refusals.of(refuse_unknown, body, known)
    email = refusals.of(parse_email, body.get("email"))
    if need_password or password is not None:
        password = refusals.of(passwords.check_policy, password)
    roles, active = refusals.of(parse_roles, body), refusals.of(parse_flag, body, "active")
    refusals.tell()
    return UserForm(email, password, roles, active)


def parse_token(body: dict[str, Any]) -> str:
    """The token of an invite or a reset. Raises VALIDATION_FAILED."""
    token = body.get("token")
    if not isinstance(token, str) or not token:
        raise invalid_field("token", "token is required", "required")
    return token


def parse_flag(body: dict[str, Any], name: str) -> bool:
    """True or false, true if it is absent. Raises VALIDATION_FAILED."""
    value = body.get(name, True)
    if not isinstance(value, bool):
        raise invalid_field(name, f"{name} must be true or false")
    return value


def parse_email(value: object, field: str = "email") -> str:
    """A mail address in the form that is compared. Raises VALIDATION_FAILED."""
    if isinstance(value, str) and len(value) <= LONGEST and EMAIL.fullmatch(address := same_address(value)):
        return address
    raise invalid_field(field, f"{field} must be a mail address", "required")


def parse_roles(body: dict[str, Any]) -> list[str]:
    """The roles sent, none if there are none. Raises VALIDATION_FAILED."""
    roles = body.get("roles", [])
    if not isinstance(roles, list) or not all(isinstance(role, str) and "\x00" not in role for role in roles):
        raise invalid_field("roles", "roles must be a list of strings")
    if len(roles) > MOST_ROLES or any(len(role) > LONGEST_ROLE for role in roles):
        # They stand in every token, and so in every request.
        raise invalid_field("roles", f"roles may be {MOST_ROLES} of {LONGEST_ROLE} characters at most")
    return roles


async def list_users(realm: Realm) -> Response:
    return Response(body=b'{"data":%s}' % await store.list_all(realm.database))


async def get_user(realm: Realm, user_id: str) -> Response:
    row = await store.get(realm.database, parse_id(user_id))
    if row is None:
        raise not_found("User")
    return Response(body=b'{"data":%s}' % row)


async def create_user(realm: Realm, context: Context, body: dict[str, Any]) -> Response:
    form = parse_user(body, realm.state.accounts.passwords, need_password=True)
    hashed = await realm.state.accounts.passwords.hash(form.password or "")
    async with audit.change(realm, context) as change:
        with taken():
            row = await store.insert(change.transaction, uuid7(), form.email, hashed, form.roles, form.active)
        await change.tell("_users", row["id"], "create", None, told(row))
    return _shown(row, 201)


async def replace_user(realm: Realm, context: Context, user_id: str, body: dict[str, Any]) -> Response:
    """A user anew; what changes ends their access tokens, a new password or being inactive their sessions too."""
    identifier, revocations = parse_id(user_id), realm.state.accounts.revocations
    form = parse_user(body, realm.state.accounts.passwords, need_password=False, known=(*FORM, *OF_THE_ROW))
    hashed = await realm.state.accounts.passwords.hash(form.password) if form.password is not None else None
    mark = await revocations.note(realm.scope, str(identifier))
    async with audit.change(realm, context) as change:
        before = await store.lock(change.transaction, identifier)
        if before is None:
            raise not_found("User")
        if not form.active:
            await _keep_one(realm, change, identifier)
        # An address that stays the same one stays as it is stored.
        email = before["email"] if same_address(before["email"]) == form.email else form.email
        with taken():
            values = (email, hashed, form.roles, form.active)
            version, row = await store.update(change.transaction, identifier, *values)
        if hashed is not None or not form.active:
            await sessions.end_all(change.transaction, identifier)
        secret = {"password": "***"} if hashed is not None else {}
        await change.tell("_users", row["id"], "update", told(before), {**told(row), **secret})
    await after_commit(partial(revocations.settle, mark, version))
    return _shown(row)


async def delete_user(realm: Realm, context: Context, user_id: str) -> Response:
    identifier, revocations = parse_id(user_id), realm.state.accounts.revocations
    mark = await revocations.note(realm.scope, str(identifier))
    async with audit.change(realm, context) as change:
        before = await store.lock(change.transaction, identifier)
        if before is None:
            raise not_found("User")
        await _keep_one(realm, change, identifier)
        await store.delete(change.transaction, identifier)
        await change.tell("_users", str(identifier), "delete", told(before), None)
    await after_commit(partial(revocations.settle, mark, GONE))
    return Response(body=b'{"data":{"id":"%s","deleted":true}}' % str(identifier).encode())


async def _keep_one(realm: Realm, change: audit.Change, user_id: uuid.UUID) -> None:
    """Somebody must be able to enter the platform. An app needs nobody: the platform's accounts enter it."""
    if realm.app is None and await store.is_last(change.transaction, user_id):
        raise RocketError("CONFLICT", "This is the last account of the platform")


@contextlib.contextmanager
def taken() -> Iterator[None]:
    """Turns a unique violation into the refusal of a taken mail address."""
    try:
        yield
    except (UniqueViolation, store.Taken):
        details = [detail_of("email", "is taken", "unique")]
        raise RocketError("CONFLICT", "A user with this email exists already", details) from None


def told(row: dict[str, Any]) -> dict[str, Any]:
    """A user as the audit log shows them."""
    return {name: row[name] for name in ("email", "roles", "active")}


def parse_id(user_id: str, what: str = "User") -> uuid.UUID:
    """The id in a path. Raises NOT_FOUND for what is none."""
    parsed = parse_uuid(user_id)
    if parsed is None:
        raise not_found(what)
    return parsed


def _shown(row: dict[str, Any], status: int = 200) -> Response:
    return Response(status, orjson.dumps({"data": row}))
