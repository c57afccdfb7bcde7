"""`/_admin/users`: the users of an app."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from libs.shared.contracts.context import Context
from libs.shared.contracts.identity import IdentityChanged
from libs.shared.contracts.messages import Answer
from libs.shared.errors import RocketError, invalid_field, not_found
from libs.shared.ids import parse_uuid
from libs.shared.postgres.databases import after_commit
from services.gateway.identity import store
from services.gateway.state import State

EMAIL = re.compile(r"[^@\s\x00]+@[^@\s\x00]+")


@dataclass(frozen=True, slots=True)
class UserForm:
    """A user as sent; `password` None leaves it as it is."""

    email: str
    password: str | None
    roles: list[str]
    active: bool


def parse_user(body: dict[str, Any], need_password: bool) -> UserForm:
    """Raises VALIDATION_FAILED naming the field."""
    email, password = body.get("email"), body.get("password")
    if not isinstance(email, str) or not EMAIL.fullmatch(email.strip()) or len(email) > 320:
        raise invalid_field("email", "email must be a mail address", "required")
    if (need_password or password is not None) and (not isinstance(password, str) or not password):
        raise invalid_field("password", "password is required", "required")
    roles, active = body.get("roles", []), body.get("active", True)
    if not isinstance(roles, list) or not all(isinstance(role, str) and "\x00" not in role for role in roles):
        raise invalid_field("roles", "roles must be a list of strings")
    if not isinstance(active, bool):
        raise invalid_field("active", "active must be true or false")
    return UserForm(email.strip().lower(), password, roles, active)


async def list_users(state: State, context: Context) -> Answer:
    return Answer(body=b'{"data":%s}' % await store.list_users(state.core.databases.of(context.the_app)))


async def get_user(state: State, context: Context, user_id: str) -> Answer:
    return _shown(await store.get_user(state.core.databases.of(context.the_app), _parse(user_id)))


async def create_user(state: State, context: Context, body: dict[str, Any]) -> Answer:
    form = parse_user(body, need_password=True)
    hashed = await state.passwords.hash(form.password or "")
    database = state.core.databases.of(context.the_app)
    with _taken():
        row = await store.insert_user(database, form.email, hashed, form.roles, form.active)
    return _shown(row, 201)


async def replace_user(state: State, context: Context, user_id: str, body: dict[str, Any]) -> Answer:
    identifier = _parse(user_id)
    form = parse_user(body, need_password=False)
    hashed = await state.passwords.hash(form.password) if form.password is not None else None
    database = state.core.databases.of(context.the_app)
    with _taken():
        row = await store.update_user(database, identifier, form.email, hashed, form.roles, form.active)
    if hashed is not None or not form.active:
        await store.end_sessions(database, identifier)
    await after_commit(partial(state.core.connection.announce, IdentityChanged(context.the_app.id, user_id.lower())))
    return _shown(row)


async def delete_user(state: State, context: Context, user_id: str) -> Answer:
    if not await store.delete_user(state.core.databases.of(context.the_app), _parse(user_id)):
        raise not_found("User")
    await after_commit(partial(state.core.connection.announce, IdentityChanged(context.the_app.id, user_id.lower())))
    return Answer(body=b'{"data":{"id":"%s","deleted":true}}' % user_id.encode())


@contextlib.contextmanager
def _taken() -> Iterator[None]:
    """Turns a unique violation into the refusal of a taken mail address."""
    try:
        yield
    except RocketError as error:
        if error.code == "CONFLICT":
            raise RocketError("CONFLICT", "A user with this email exists already") from None
        raise


def _shown(row: bytes | None, status: int = 200) -> Answer:
    if row is None:
        raise not_found("User")
    return Answer(status, b'{"data":%s}' % row)


def _parse(user_id: str) -> uuid.UUID:
    parsed = parse_uuid(user_id)
    if parsed is None:
        raise not_found("User")
    return parsed
