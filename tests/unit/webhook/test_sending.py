"""One request to a real endpoint, and what is made of its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from services.webhook.sending import MAX_RESPONSE, Outcome, Sender, open_session
from services.webhook.settings import WebhookSettings
from services.webhook.store import Claimed

STRONG = "0123456789abcdef" * 2
SERVERS = {
    "secret_key": STRONG,
    "database_url": f"postgresql://u:{STRONG}@h/d",
    "nats_url": f"nats://u:{STRONG}@h",
}


async def answer(request: web.Request) -> web.Response:
    """What the path asks for."""
    match request.match_info["what"]:
        case "echo":
            text = f"{request.method} {request.headers['X-Key']} {(await request.read()).decode()}"
            return web.Response(status=201, text=text)
        case "long":
            return web.Response(status=500, body=b"\xff\0" + b"x" * 2 * MAX_RESPONSE)
        case "moved":
            return web.Response(status=307, headers={"Location": "/echo"})
        case _:
            await asyncio.sleep(5)
            return web.Response()


@pytest.fixture
async def endpoint() -> AsyncIterator[BaseTestServer]:
    application = web.Application()
    application.router.add_route("*", "/{what}", answer)
    async with TestServer(application) as server:
        yield server


def delivery(url: object) -> Claimed:
    return Claimed(
        id="d", webhook_id="w", entity="ticket", record_id="r", hook="after_write", url=str(url),
        method="PUT", headers={"X-Key": "{{env.KEY}}"}, body='{"a":1}', attempt=0, max_attempts=3,
        backoff="linear", idempotency_key="wh_1", trace_id="t",
        claimed_until=datetime(2026, 5, 4, tzinfo=UTC),
    )  # fmt: skip


async def send(url: object, timeout: float = 5, env: str = "development") -> Outcome:
    settings = WebhookSettings.model_validate(
        {
            "database_url": f"postgresql://u:{STRONG}@h/d",
            "nats_url": f"nats://u:{STRONG}@h",
            "secret_key": STRONG,
            "env": env,
            "webhook_timeout": timeout,
        }
    )
    async with open_session(settings) as session:
        return await Sender(session, settings, {"KEY": "k1"}).send(delivery(url))


async def test_2xx_is_success_with_body_and_filled_headers(endpoint: BaseTestServer) -> None:
    assert await send(endpoint.make_url("/echo")) == Outcome(201, 'PUT k1 {"a":1}', None)


async def test_a_long_answer_is_cut_and_made_storable(endpoint: BaseTestServer) -> None:
    outcome = await send(endpoint.make_url("/long"))
    assert (outcome.status, outcome.error) == (500, "the endpoint answered 500")
    assert outcome.body == "\ufffd" + "x" * (MAX_RESPONSE - 2)


async def test_redirects_are_not_followed(endpoint: BaseTestServer) -> None:
    outcome = await send(endpoint.make_url("/moved"))
    assert (outcome.status, outcome.error) == (307, "the endpoint answered 307; redirects are not followed")


async def test_a_slow_endpoint_is_given_up(endpoint: BaseTestServer) -> None:
    assert await send(endpoint.make_url("/slow"), timeout=0.2) == Outcome(None, None, "no answer within 0.2 s")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://a..b/", "http://nowhere.invalid/"])
async def test_no_connection_is_an_outcome_without_status(url: str) -> None:
    outcome = await send(url)
    assert outcome.status is None
    assert outcome.error


async def test_production_does_not_call_this_machine(endpoint: BaseTestServer) -> None:
    outcome = await send(endpoint.make_url("/echo"), env="production")
    assert outcome.status is None
    assert outcome.error is not None
    assert "must not be called by webhooks" in outcome.error
