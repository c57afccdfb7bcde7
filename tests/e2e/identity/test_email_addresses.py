"""E-mail addresses are compared in NFC, in lower case and without invisible characters."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator

import asyncpg
import pytest

from deploy.embedded.stack import Stack
from libs.shared.emails import INVISIBLE, same_address
from libs.shared.testing.polling import eventually
from tests.support.accounts import PASSWORD, anonymous, log_in, made, mailed_token
from tests.support.app_database import app_connection
from tests.support.client import Client, entity, text
from tests.support.receivers import Mailbox

ADDRESS = "jürgen@example.org"
APART = unicodedata.normalize("NFD", ADDRESS)
HIDDEN = "jür\u200bgen@exam\u00adple.org"
TYPED = (ADDRESS, "JÜRGEN@example.org", APART, HIDDEN, "\ufeff" + APART.upper())


@pytest.fixture
async def database(admin: Client, stack: Stack) -> AsyncIterator[asyncpg.Connection]:
    """The app's database, in which addresses can be stored as they were before they were compared so."""
    async with app_connection(stack, admin) as connection:
        yield connection


@pytest.mark.parametrize("typed", TYPED)
async def test_all_forms_of_an_address_are_one_user(admin: Client, typed: str) -> None:
    await admin.define(entity("ticket", text("title")))
    user_id = await made(admin, typed, "clerk")
    assert (await admin.get(f"/_admin/users/{user_id}")).data["email"] == ADDRESS
    for other in TYPED:
        (await log_in(admin, other)).expect(200)
        (await admin.post("/_admin/users", {"email": other, "password": PASSWORD})).expect(409)
        (await admin.post("/_admin/invites", {"email": other})).expect(409)
        asked = {"user": other, "action": "read", "entity": "ticket"}
        (await admin.post("/_admin/explain", asked)).expect(200)
    (await log_in(admin, "jurgen@example.org")).expect(401)


async def test_all_forms_of_an_address_are_one_invite(admin: Client) -> None:
    made_once = (await admin.post("/_admin/invites/bulk", {"emails": list(TYPED)})).expect(200).data
    assert [row["email"] for row in made_once["created"]] == [ADDRESS]
    (await admin.post("/_admin/invites", {"email": HIDDEN})).expect(409)
    accept = {"token": made_once["created"][0]["token"], "password": PASSWORD}
    (await anonymous(admin).post("/auth/accept-invite", accept)).expect(201)
    (await log_in(admin, APART)).expect(200)


async def test_platform_accounts_accept_all_forms(client: Client) -> None:
    platform = await client.platform()
    user = (await platform.post("/users", {"email": HIDDEN, "password": PASSWORD})).expect(201).data
    assert user["email"] == ADDRESS
    (await platform.post("/users", {"email": APART, "password": PASSWORD})).expect(409)
    login = {"email": APART.upper(), "password": PASSWORD}
    (await client.post("/api/_platform/auth/login", login)).expect(200)
    (await platform.delete(f"/users/{user['id']}")).expect(200)


async def test_failed_logins_count_across_forms(admin: Client) -> None:
    await made(admin, ADDRESS)
    forms = [f"j{chr(0x200B) * number}ürgen@example.org" for number in range(20)]
    replies = [await log_in(admin, form, "wrong-word-1") for form in forms]
    assert {reply.status for reply in replies[:2]} == {401}
    assert 429 in {reply.status for reply in replies}


async def test_a_password_reset_goes_to_the_stored_address(admin: Client, mails: Mailbox) -> None:
    stored = f"reset@{(await admin.get('/auth/me')).data['id']}.example"
    await made(admin, stored)
    typed = stored.upper().replace("R", "R\u200b")
    (await anonymous(admin).post("/auth/forgot-password", {"email": typed})).expect(202)
    assert await mailed_token(mails, stored, "New password")


async def test_addresses_stored_by_earlier_versions(admin: Client, database: asyncpg.Connection) -> None:
    """They are shown as stored, and found by every form; no new one joins them; of two, the exact one is found."""
    user_id = await made(admin, "old@example.org", "clerk")
    await database.execute("UPDATE gateway.users SET email = $1 WHERE email = 'old@example.org'", HIDDEN)
    (await log_in(admin, APART)).expect(200)
    (await admin.post("/_admin/users", {"email": ADDRESS, "password": PASSWORD})).expect(409)
    (await admin.post("/_admin/invites", {"email": ADDRESS})).expect(409)
    changed = {"email": HIDDEN, "roles": ["boss"]}
    assert (await admin.put(f"/_admin/users/{user_id}", changed)).expect(200).data["email"] == HIDDEN

    second = (
        (await admin.post("/_admin/users", {"email": "b@example.org", "password": "other-word-2"})).expect(201).data
    )
    (await admin.put(f"/_admin/users/{second['id']}", {"email": APART})).expect(409)
    await database.execute("UPDATE gateway.users SET email = $1 WHERE email = 'b@example.org'", ADDRESS)
    (await log_in(admin, HIDDEN)).expect(200)
    (await log_in(admin, ADDRESS, "other-word-2")).expect(200)
    (await admin.put(f"/_admin/users/{second['id']}", {"email": ADDRESS, "active": False})).expect(200)
    (await admin.delete(f"/_admin/users/{second['id']}")).expect(200)
    (await log_in(admin, ADDRESS)).expect(200)


async def test_notices_reach_each_user_once(admin: Client) -> None:
    await admin.define(entity("ticket", text("title"), {"name": "who", "type": "json"}))
    user_id = await made(admin, ADDRESS)
    recipients = [{"path": "record.who"}, {"user": user_id}]
    template = {"subject": "New", "body": "New"}
    what = {"name": "told", "entity": "ticket", "hook": "after_create", "channel": "in_app"}
    rule = {**what, "template": template, "recipients": recipients}
    await admin.define(rule, "notification-rules")
    (await admin.post("/ticket", {"title": "a", "who": list(TYPED[:4])})).expect(201)

    async def told() -> list[str]:
        return [row["recipient"] for row in (await admin.get("/_admin/notifications")).data]

    assert await eventually(told) == [ADDRESS]


async def test_the_database_compares_addresses_like_the_services(admin: Client, database: asyncpg.Connection) -> None:
    user_id = await made(admin, "a@example.org")
    codes = sorted({code for first, last in INVISIBLE for code in (first - 1, first, last, last + 1) if code})
    forms = [f"a{chr(code).lower()}e\u0301@b" for code in codes if not 0xD800 <= code < 0xE000]
    for stored in (*forms, *map(str.lower, TYPED)):
        row = await database.fetchval(
            "UPDATE gateway.users SET email = $2 WHERE id = $1::text::uuid RETURNING address", user_id, stored
        )
        assert row == same_address(stored), ascii(stored)
