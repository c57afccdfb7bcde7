"""A login racing a change of its user gains no session."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable

import pytest

from deploy.embedded.stack import Stack
from tests.support.accounts import PASSWORD, anonymous, code, entered, log_in, made, mailed_token
from tests.support.app_database import app_row
from tests.support.client import Client
from tests.support.locks import holding
from tests.support.receivers import Mailbox

ANN = "ann@example.org"
NEW = "brand-new"
FACTOR = "SELECT FROM gateway.totp WHERE user_id = $1 FOR UPDATE"
ATTEMPTS = "SELECT FROM gateway.attempts FOR UPDATE"

Change = Callable[[Client, str, Mailbox], Awaitable[object]]


async def by_the_admin(admin: Client, user_id: str, mails: Mailbox) -> None:
    (await admin.put(f"/_admin/users/{user_id}", {"email": ANN, "password": NEW})).expect(200)


async def by_mail(admin: Client, user_id: str, mails: Mailbox) -> None:
    (await anonymous(admin).post("/auth/forgot-password", {"email": ANN})).expect(202)
    token = await mailed_token(mails, ANN, "password")
    (await anonymous(admin).post("/auth/reset-password", {"token": token, "password": NEW})).expect(200)


async def by_being_inactive(admin: Client, user_id: str, mails: Mailbox) -> None:
    for active in (False, True):
        (await admin.put(f"/_admin/users/{user_id}", {"email": ANN, "active": active})).expect(200)


async def with_a_factor(caller: Client) -> str:
    """The secret of a new second factor of the caller."""
    secret = (await caller.post("/auth/totp/enroll", {"password": PASSWORD})).expect(201).data["secret"]
    (await caller.post("/auth/totp/confirm", {"totp": code(secret)})).expect(200)
    return str(secret)


@pytest.mark.parametrize("change", [by_the_admin, by_mail, by_being_inactive])
async def test_a_login_racing_a_user_change_gains_no_session(
    admin: Client, stack: Stack, mails: Mailbox, change: Change
) -> None:
    user_id = await made(admin, ANN)
    secret = await with_a_factor((await entered(admin, ANN))[0])
    async with holding(stack, (await app_row(stack, admin))["database"], FACTOR, uuid.UUID(user_id)) as held_up:
        # The password was looked at and is right, and the code is about to be.
        login = asyncio.create_task(log_in(admin, ANN, totp=code(secret, 1)))
        await held_up()
        await change(admin, user_id, mails)
    refused = (await login).expect(401)
    assert refused.body["error"]["message"] == (await log_in(admin, ANN, "wrong")).body["error"]["message"]


async def test_a_platform_login_racing_a_change_gains_no_session(client: Client, stack: Stack) -> None:
    platform = await client.platform()
    account = (await platform.post("/users", {"email": ANN, "password": PASSWORD})).expect(201).data["id"]
    secret = await with_a_factor(await client.login("_platform", ANN, PASSWORD))
    try:
        async with holding(stack, "rocket", FACTOR, uuid.UUID(account)) as held_up:
            login = asyncio.create_task(log_in(platform, ANN, totp=code(secret, 1)))
            await held_up()
            (await platform.put(f"/users/{account}", {"email": ANN, "password": NEW})).expect(200)
        (await login).expect(401)
    finally:
        (await platform.delete(f"/users/{account}")).expect(200)


async def test_a_former_password_cannot_replace_a_newer_one(admin: Client, stack: Stack, mails: Mailbox) -> None:
    user_id = await made(admin, ANN)
    stranger, _ = await entered(admin, ANN)
    async with holding(stack, (await app_row(stack, admin))["database"], ATTEMPTS) as held_up:
        # The user was read, with the password that is proved by.
        theirs = asyncio.create_task(
            stranger.put("/auth/password", {"current_password": PASSWORD, "password": "the-strangers"})
        )
        await held_up()
        await by_the_admin(admin, user_id, mails)
    (await theirs).expect(401)
    (await log_in(admin, ANN, "the-strangers")).expect(401)
    (await log_in(admin, ANN, NEW)).expect(200)
