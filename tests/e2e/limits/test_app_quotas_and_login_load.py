"""Quotas of apps, and logins that do not delay other requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.accounts import metric
from tests.support.client import Client, Reply, entity, text
from tests.support.stacks import calling, running

APP_BURST = 40
LOGINS = 16
"""Passwords that are looked at, at a cost at which each takes a good part of a second."""
SETTINGS = {
    "ROCKET_RATE_LIMITS": "on",
    "ROCKET_RATE_LIMIT_APP_PER_SECOND": "0.01",
    "ROCKET_RATE_LIMIT_APP_BURST": str(APP_BURST),
    "ROCKET_TRUSTED_PROXIES": '["127.0.0.1"]',
    "ROCKET_BCRYPT_ROUNDS": "12",
}


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    folder = tmp_path_factory.mktemp("crowds")
    async with running(folder, replicas={"gateway": 2}, variables=SETTINGS) as running_stack:
        yield running_stack


@pytest.fixture(scope="module")
async def client(stack: Stack) -> AsyncIterator[Client]:
    async with calling(stack) as caller:
        yield caller


async def spend(caller: Client, most: int) -> tuple[int, Reply | None]:
    """Ask so often, unless it is refused; how often it was not, and the refusal."""
    for answered in range(most):
        reply = await caller.get("/note")
        if reply.status == 429:
            return answered, reply
        reply.expect(200)
    return most, None


async def test_an_app_quota_is_shared_by_all_gateways(stack: Stack, client: Client) -> None:
    admin, other = await client.new_app(), await client.new_app()
    for each in (admin, other):
        await each.define(entity("note", text("title")))
    ann, bob = await admin.user("ann@example.com", ["admin"]), await admin.user("bob@example.com", ["admin"])
    first = (await ann.get("/note")).expect(200)
    assert first.headers["RateLimit-Limit"] == str(APP_BURST)
    left = int(first.headers["RateLimit-Remaining"])
    # Neither of them asks too often, but the app is asked too often by both.
    assert await spend(ann, left // 2) == (left // 2, None)
    answered, refusal = await spend(bob, left)
    assert answered == left - left // 2
    assert refusal is not None and refusal.code == "RATE_LIMITED" and "this app" in refusal.body["error"]["message"]
    assert (refusal.headers["RateLimit-Limit"], refusal.headers["RateLimit-Remaining"]) == (str(APP_BURST), "0")
    assert 0 < int(refusal.headers["Retry-After"]) <= 100
    assert (await ann.get("/note")).status == 429
    # The other gateway has heard of it, or does so while there is something left there.
    elsewhere, more = bob.at(stack.gateway_urls[1]), 0

    async def refused() -> bool:
        nonlocal more
        reply = await elsewhere.get("/note")
        more += reply.status == 200
        return reply.status == 429

    await eventually(refused, every=0.1, within=30)
    assert more < APP_BURST - 2
    # Another app is not asked to pay for it.
    (await other.get("/note")).expect(200)


async def test_logins_do_not_delay_authenticated_requests(client: Client) -> None:
    app = await client.new_app()
    await app.define(entity("note", text("title")))
    before = await metric(client, "rocket_password_checks_total")

    async def guess(number: int) -> Reply:
        form = {"email": f"nobody-{number}@example.com", "password": "wrong"}
        return await app.with_token("").post("/auth/login", form, X_Forwarded_For=f"192.0.2.{number}")

    logins = [asyncio.create_task(guess(number)) for number in range(LOGINS)]

    async def all_begun() -> bool:
        return await metric(client, "rocket_password_checks_total") == before + LOGINS

    # If passwords were looked at between other requests, the last look would begin when the others are over.
    await eventually(all_begun, every=0.01, within=30)
    (await app.get("/note")).expect(200)
    assert sum(login.done() for login in logins) <= LOGINS / 2
    assert [reply.status for reply in await asyncio.gather(*logins)] == [401] * LOGINS
