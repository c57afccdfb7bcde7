"""One request to a real endpoint, and what is made of its answer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import BaseTestServer, TestServer
from standardwebhooks.webhooks import Webhook

from libs.shared.schema.webhook_secrets import format_secret
from services.webhook.sending import MAX_RESPONSE_BYTES, AttemptOutcome, Sender, WebhookRequest, open_session
from services.webhook.settings import WebhookSettings

STRONG = "0123456789abcdef" * 2
SERVERS = {
    "secret_key": STRONG,
    "database_url": f"postgresql://u:{STRONG}@h/d",
    "nats_url": f"nats://u:{STRONG}@h",
}
KEY = b"k" * 32
TOKEN = "t0p-secret"


async def answer(request: web.Request) -> web.StreamResponse:
    """What the path asks for."""
    match request.match_info["what"]:
        case "echo":
            text = f"{request.method} {request.headers['X-Key']} {(await request.read()).decode()}"
            return web.Response(status=201, text=text)
        case "verify":
            Webhook(format_secret(KEY)).verify(await request.read(), dict(request.headers))
            return web.Response(text=request.headers["webhook-id"])
        case "long":
            return web.Response(status=500, body=b"\xff\0" + b"x" * 2 * MAX_RESPONSE_BYTES)
        case "moved":
            return web.Response(status=307, headers={"Location": "/echo"})
        case "later":
            return web.Response(status=503, headers={"Retry-After": "7"})
        case "dripping":
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(b".")
                await asyncio.sleep(0.02)
        case "closes":
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        case _:
            await asyncio.Event().wait()
            return web.Response()


@pytest.fixture
async def endpoint() -> AsyncIterator[BaseTestServer]:
    application = web.Application()
    application.router.add_route("*", "/{what}", answer)
    async with TestServer(application) as server:
        yield server


def request_to(url: object, timeout: float, headers: dict[str, str] | None = None) -> WebhookRequest:
    return WebhookRequest(
        method="PUT", url=str(url), headers=headers or {"X-Key": "{{env.KEY}}"}, body='{"a":1}', message_id="wh_1",
        keys=[KEY], timeout=timeout,
    )  # fmt: skip


async def send(
    url: object, timeout: float = 5, resolver: AbstractResolver | None = None, **settings: Any
) -> AttemptOutcome:
    values = WebhookSettings.model_validate({**SERVERS, "env": "development", **settings})
    connecting = {} if resolver is None else {"resolver": resolver, "use_dns_cache": False}
    async with open_session(values, **connecting) as session:
        return await Sender(session, values, {"KEY": TOKEN}).send(request_to(url, timeout))


def told(outcome: AttemptOutcome) -> tuple[int | None, str | None, str | None]:
    return outcome.status, outcome.body, outcome.error


async def test_2xx_is_success_with_filled_headers_and_the_log_shows_templates(endpoint: BaseTestServer) -> None:
    outcome = await send(endpoint.make_url("/echo"))
    # The endpoint answers the secret it was sent; what is kept of it does not show it.
    assert told(outcome) == (201, 'PUT {{env.KEY}} {"a":1}', None)
    assert outcome.started is not None
    assert outcome.duration_ms is not None


async def test_requests_are_always_signed(endpoint: BaseTestServer) -> None:
    assert told(await send(endpoint.make_url("/verify"))) == (200, "wh_1", None)
    values = WebhookSettings.model_validate({**SERVERS, "env": "development"})
    forged = {"Webhook-Id": "wh_forged", "WEBHOOK-SIGNATURE": "v1,x"}
    async with open_session(values) as session:
        outcome = await Sender(session, values, {}).send(request_to(endpoint.make_url("/verify"), 5, forged))
    assert told(outcome) == (200, "wh_1", None)


async def test_long_responses_are_truncated(endpoint: BaseTestServer) -> None:
    outcome = await send(endpoint.make_url("/long"))
    assert (outcome.status, outcome.error) == (500, "the endpoint answered 500")
    assert outcome.body == "\ufffd" + "x" * (MAX_RESPONSE_BYTES - 2)


async def test_redirects_are_not_followed(endpoint: BaseTestServer) -> None:
    outcome = await send(endpoint.make_url("/moved"))
    assert (outcome.status, outcome.error) == (307, "the endpoint answered 307; redirects are not followed")


async def test_retry_after_is_taken_from_failures(endpoint: BaseTestServer) -> None:
    assert (await send(endpoint.make_url("/later"))).not_before == 7
    assert (await send(endpoint.make_url("/later"), webhook_retry_after_max=5)).not_before == 5


@pytest.mark.parametrize("path", ["/slow", "/dripping"])
async def test_slow_endpoints_time_out(endpoint: BaseTestServer, path: str) -> None:
    assert told(await send(endpoint.make_url(path), timeout=0.2)) == (None, None, "no answer within 0.2 s")


async def test_early_disconnects_are_failures(endpoint: BaseTestServer) -> None:
    outcome = await send(endpoint.make_url("/closes"))
    assert outcome.status is None
    assert outcome.error


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://a..b/", "http://nowhere.invalid/", "http://[::1/"])
async def test_failed_connections_have_no_status(url: str) -> None:
    outcome = await send(url)
    assert outcome.status is None
    assert outcome.error


async def test_loopback_needs_a_setting_in_production(endpoint: BaseTestServer) -> None:
    outcome = await send(endpoint.make_url("/echo"), env="production")
    assert outcome.status is None
    assert outcome.error is not None
    assert "must not be called by webhooks" in outcome.error
    assert (await send(endpoint.make_url("/echo"), env="production", webhook_allow_loopback=True)).status == 201
    assert (await send(endpoint.make_url("/echo"), env="production", webhook_allow_private=True)).status == 201


class Rebinding(AbstractResolver):
    """Answers a public address when the name is looked at, and ours when it is connected to."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        address = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=0)]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("inside", ["127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "169.254.169.254", "10.0.0.1"])
async def test_names_of_private_addresses_are_refused_on_connect(endpoint: BaseTestServer, inside: str) -> None:
    url = f"http://rebinding.example:{endpoint.port}/echo"
    outcome = await send(url, env="production", resolver=Rebinding(inside))
    assert outcome.status is None
    assert outcome.error is not None
    assert "must not be called by webhooks" in outcome.error


async def test_rebound_names_are_refused(endpoint: BaseTestServer) -> None:
    values = WebhookSettings.model_validate({**SERVERS, "env": "development"})
    resolver = Rebinding("127.0.0.1", "192.168.0.1")
    url = f"http://rebinding.example:{endpoint.port}/echo"
    async with open_session(values, resolver=resolver, use_dns_cache=False, force_close=True) as session:
        sender = Sender(session, values, {"KEY": TOKEN})
        first, second = [await sender.send(request_to(url, 5)) for _ in range(2)]
    assert first.status == 201
    assert second.error is not None
    assert "192.168.0.1 must not be called" in second.error


async def test_requests_do_not_wait_for_one_another(endpoint: BaseTestServer) -> None:
    values = WebhookSettings.model_validate({**SERVERS, "env": "development"})
    async with open_session(values) as session:
        sender = Sender(session, values, {"KEY": TOKEN})
        slow = [asyncio.create_task(sender.send(request_to(endpoint.make_url("/slow"), 60))) for _ in range(50)]
        outcome = await sender.send(request_to(endpoint.make_url("/echo"), 30))
        assert outcome.status == 201
        assert not any(task.done() for task in slow)
        for task in slow:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*slow)
