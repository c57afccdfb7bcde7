"""Limits of HTTP: rates, sizes, slow and malformed clients, CORS. The system has small limits."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import json
import re
import socket
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.client import Client, Reply, entity, text
from tests.support.stacks import calling, running

USER_BURST, KEY_BURST, IP_BURST = 40, 5, 30
_numbers = itertools.count(1)
PAGE = "https://app.example.com"
LIMITS = {
    "ROCKET_RATE_LIMITS": "on",
    "ROCKET_RATE_LIMIT_USER_PER_SECOND": "0.01",
    "ROCKET_RATE_LIMIT_USER_BURST": str(USER_BURST),
    "ROCKET_RATE_LIMIT_KEY_PER_SECOND": "0.01",
    "ROCKET_RATE_LIMIT_KEY_BURST": str(KEY_BURST),
    "ROCKET_RATE_LIMIT_IP_PER_SECOND": "0.01",
    "ROCKET_RATE_LIMIT_IP_BURST": str(IP_BURST),
    "ROCKET_TRUSTED_PROXIES": '["127.0.0.1"]',
    "ROCKET_CORS_ORIGINS": json.dumps([PAGE]),
    "ROCKET_HSTS_SECONDS": "3600",
    "ROCKET_HEADER_TIMEOUT": "1",
    "ROCKET_READ_TIMEOUT": "1",
    "ROCKET_BODY_TIMEOUT": "1",
    "ROCKET_MAX_URL_BYTES": "2000",
    "ROCKET_MAX_HEADER_BYTES": "3000",
    "ROCKET_MAX_JSON_DEPTH": "12",
    "ROCKET_MAX_JSON_FIELDS": "40",
    "ROCKET_MAX_JSON_ITEMS": "60",
    "ROCKET_MAX_CONNECTIONS_PER_IP": "8",
}


class From:
    """Requests through a trusted proxy, on behalf of a client at this address."""

    def __init__(self, client: Client, address: str) -> None:
        self.client = client
        self.address = address

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.client.get(path, X_Forwarded_For=self.address, **headers)

    async def login(self, password: str) -> Reply:
        return await self._login("platform@localhost", password)

    async def guess(self) -> Reply:
        """A wrong password, each time for another account: those have limits of their own."""
        return await self._login(f"nobody-{next(_numbers)}@example.com", "wrong")

    async def _login(self, email: str, password: str) -> Reply:
        form = {"email": email, "password": password}
        return await self.client.post("/api/_platform/auth/login", form, X_Forwarded_For=self.address)


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    folder = tmp_path_factory.mktemp("front-door")
    async with running(folder, replicas={"gateway": 2}, variables=LIMITS) as running_stack:
        yield running_stack


@pytest.fixture(scope="module")
async def anybody(stack: Stack) -> AsyncIterator[Client]:
    async with calling(stack) as client:
        yield client


@pytest.fixture(scope="module")
async def admin(anybody: Client) -> Client:
    """The admin of an app with one entity; logged in from an address of their own."""
    platform = (await From(anybody, "192.0.2.1").login("changeme")).expect(200).data["access_token"]
    (await anybody.with_token(platform).post("/api/_platform/apps", {"name": "shop"})).expect(201)
    form = {"email": "admin@localhost", "password": "changeme"}
    reply = await anybody.post("/api/shop/auth/login", form, X_Forwarded_For="192.0.2.1")
    admin = Client(anybody.session, anybody.url, reply.expect(200).data["access_token"], "/api/shop")
    await admin.define(entity("note", text("title"), {"name": "data", "type": "json"}))
    return admin


async def fresh(admin: Client, name: str) -> Client:
    """A new user of the app, with a full bucket."""
    user = {"email": f"{name}@example.com", "password": "secret-1", "roles": ["admin"]}
    (await admin.post("/_admin/users", user)).expect(201)
    reply = await admin.with_token("").post("/auth/login", user, X_Forwarded_For=f"2001:db8:{len(name)}::1")
    return admin.with_token(reply.expect(200).data["access_token"])


async def spend(client: Client, path: str, most: int) -> tuple[int, Reply]:
    """Ask until it is refused for asking too often; how often it was not, and the refusal."""
    for answered in range(most):
        reply = await client.get(path)
        if reply.status == 429:
            return answered, reply
        reply.expect(200)
    raise AssertionError(f"{most} requests were answered")


async def test_a_user_quota_is_shared_by_all_gateways(stack: Stack, admin: Client) -> None:
    user = await fresh(admin, "eager")
    first = (await user.get("/note")).expect(200)
    assert first.headers["RateLimit-Limit"] == str(USER_BURST)
    assert first.headers["RateLimit-Remaining"] == str(USER_BURST - 1)
    assert int(first.headers["RateLimit-Reset"]) > 0
    answered, refusal = await spend(user, "/note", USER_BURST + 1)
    assert answered == USER_BURST - 1
    assert refusal.code == "RATE_LIMITED"
    assert refusal.headers["RateLimit-Remaining"] == "0"
    assert 0 < int(refusal.headers["Retry-After"]) <= 100
    # The other gateway has heard of it, or does so while there is something left there.
    elsewhere = user.at(stack.gateway_urls[1])

    async def refused() -> bool:
        nonlocal answered
        reply = await elsewhere.get("/note")
        answered += reply.status == 200
        return reply.status == 429

    await eventually(refused, every=0.1, within=30)
    assert answered < 2 * USER_BURST - 2
    # Others are not asked to pay for it.
    (await (await fresh(admin, "calm")).get("/note")).expect(200)


async def test_an_api_key_has_its_own_quota(admin: Client) -> None:
    owner = await fresh(admin, "owner-of-keys")
    form = {"name": "robot", "scopes": [{"entity": "note", "actions": ["read"]}]}
    key = (await owner.post("/_admin/api-keys", form)).expect(201).data["key"]
    robot = owner.with_token(key)
    answered, refusal = await spend(robot, "/note", KEY_BURST + 1)
    assert answered == KEY_BURST and refusal.headers["RateLimit-Limit"] == str(KEY_BURST)
    assert (await owner.get("/note")).expect(200).headers["RateLimit-Limit"] == str(USER_BURST)


async def test_login_attempts_are_limited_per_address(anybody: Client, admin: Client) -> None:
    guesser = From(anybody, "198.51.100.7, 203.0.113.9")
    replies = [await guesser.guess() for _ in range(IP_BURST + 1)]
    assert [reply.status for reply in replies] == [401] * IP_BURST + [429]
    assert replies[-1].code == "RATE_LIMITED" and int(replies[-1].headers["Retry-After"]) >= 1
    # The right password is not tried either; what an untrusted hop claims makes no difference.
    assert (await guesser.login("changeme")).status == 429
    assert (await From(anybody, "192.0.2.99, 203.0.113.9").login("changeme")).status == 429
    # Bad tokens and apps that are made up come out of the same bucket, good tokens do not.
    assert (await guesser.get("/api/shop/note", Authorization="Bearer nonsense")).status == 429
    assert (await guesser.get("/api/nothing-here/note")).status == 429
    # Probes are answered all the same, so that a busy or starting system is not taken for a broken one.
    (await guesser.get("/health")).expect(200)
    assert {(await guesser.get("/readyz")).status for _ in range(IP_BURST + 1)} == {200}
    (await guesser.get("/api/shop/note", Authorization=f"Bearer {(await fresh(admin, 'honest')).token}")).expect(200)
    assert (await From(anybody, "203.0.113.10").guess()).status == 401
    async with anybody.session.get(f"{anybody.url}/metrics") as answer:
        found = re.search(r'^rocket_rate_limited_total{[^}]*kind="ip"[^}]*} (\d+)$', await answer.text(), re.MULTILINE)
    assert found and int(found[1]) >= 5


async def test_an_ipv6_customer_is_one_client(anybody: Client) -> None:
    for number in range(IP_BURST):
        assert (await From(anybody, f"2001:db8:aaaa:1::{number:x}").guess()).status == 401
    assert (await From(anybody, "2001:db8:aaaa:1:ffff::1").guess()).status == 429
    assert (await From(anybody, "2001:db8:aaaa:2::1").guess()).status == 401


# --- sizes and shapes ---


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        ({"list": list(range(60))}, False),
        ({"list": list(range(61))}, True),
        ({f"f{n}": n for n in range(40)}, False),
        ({f"f{n}": n for n in range(41)}, True),
        ({"text": '[{,\\"' * 500}, False),
    ],
)
async def test_the_number_of_values_in_a_body_is_limited(admin: Client, data: Any, refused: bool) -> None:
    reply = await admin.post("/note", {"data": data})
    assert reply.status == (400 if refused else 201)
    assert not refused or reply.code == "INVALID_PAYLOAD"


async def test_the_nesting_of_a_body_is_limited(admin: Client) -> None:
    for depth, status in ((10, 201), (11, 400), (5_000, 400)):
        raw = b'{"data": {"a":' + b"[" * depth + b"]" * depth + b"}}"
        assert (await admin.request("POST", "/note", raw=raw)).status == status


async def test_the_length_of_urls_is_limited(admin: Client) -> None:
    reply = await admin.get("/note?" + "&".join(["q=a"] * 201))
    assert (reply.status, reply.code) == (400, "INVALID_PAYLOAD")


# --- connections ---


async def spoken(stack: Stack, *sent: bytes) -> bytes:
    """All that is answered to these bytes, until the connection is closed."""
    url = urlsplit(stack.gateway_urls[1])
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    try:
        for part in sent:
            writer.write(part)
            await writer.drain()
        with contextlib.suppress(ConnectionError):
            return await asyncio.wait_for(reader.read(), 20)
        return b""
    finally:
        writer.close()


def refusal_in(answer: bytes) -> tuple[int, str]:
    """Status and code of an answer in our envelope."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head.lower()
    assert b"x-content-type-options: nosniff" in head.lower()
    assert [line for line in head.lower().split(b"\r\n") if line.startswith(b"server:")] == [b"server: rocket"]
    document = json.loads(body)
    assert set(document) == {"error"}
    return int(head.split()[1]), document["error"]["code"]


@pytest.mark.parametrize(
    ("request_line", "status", "code"),
    [
        (b"GET /health HTTP/9.9\r\n\r\n", 400, "INVALID_REQUEST"),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400, "INVALID_REQUEST"),
        (b"GET /health HTTP/1.1\r\nno colon\r\n\r\n", 400, "INVALID_REQUEST"),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", 400, "INVALID_REQUEST"),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "INVALID_REQUEST"),
        (b"GET /" + b"a" * 2001 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "URI_TOO_LONG"),
        (b"GET /health HTTP/1.1\r\nX: " + b"a" * 3001 + b"\r\n\r\n", 431, "HEADERS_TOO_LARGE"),
        (b"GET /health HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n", 431, "HEADERS_TOO_LARGE"),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\nHost: b\r\n\r\n", 400, "INVALID_REQUEST"),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: miracles\r\n\r\n", 417, "INVALID_REQUEST"),
    ],
    ids=range(10),
)
async def test_malformed_requests_are_refused(stack: Stack, request_line: bytes, status: int, code: str) -> None:
    assert refusal_in(await spoken(stack, request_line)) == (status, code)


async def test_connections_are_limited_per_address(stack: Stack, anybody: Client) -> None:
    """Of those that are no trusted proxy: the gateway listens on the loopback, which has many addresses."""
    url = urlsplit(stack.gateway_urls[1])
    async with contextlib.AsyncExitStack() as opened:

        async def opens(source: str) -> bool:
            """Whether a connection from there is answered."""
            reader, writer = await asyncio.open_connection(url.hostname, url.port, local_addr=(source, 0))
            opened.callback(writer.close)
            with contextlib.suppress(ConnectionError):
                writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
                return bool(await reader.read(1))
            return False

        assert [await opens("127.0.0.2") for _ in range(10)] == [True] * 8 + [False] * 2
        assert await opens("127.0.0.3")
        assert all([await opens("127.0.0.1") for _ in range(10)]), "a trusted proxy speaks for many"
    # Those that are closed are counted no more.
    await eventually(lambda: _answers(url, "127.0.0.2"))


async def _answers(url: Any, source: str) -> bool:
    reader, writer = await asyncio.open_connection(url.hostname, url.port, local_addr=(source, 0))
    try:
        writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        return bool(await reader.read(1))
    finally:
        writer.close()


async def test_slow_clients_are_disconnected(stack: Stack, admin: Client) -> None:
    nothing, half_a_head, half_a_body = await asyncio.gather(
        spoken(stack, b""),
        spoken(stack, b"GET /health HTTP/1.1\r\nHost: a\r\n"),
        spoken(
            stack,
            b"POST /api/shop/note HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n"
            b"Authorization: Bearer " + admin.token.encode() + b"\r\n\r\n{",
        ),
    )
    assert (nothing, half_a_head) == (b"", b"")
    assert refusal_in(half_a_body) == (504, "TIMEOUT")


async def test_clients_that_do_not_read_are_disconnected(stack: Stack, admin: Client) -> None:
    long = "x" * 900_000
    for _ in range(9):  # more than the kernel keeps for us
        (await admin.post("/note", {"title": long})).expect(201)
    url = urlsplit(stack.gateway_urls[1])
    ask = b"GET /api/shop/note HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + admin.token.encode() + b"\r\n\r\n"
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect((url.hostname, url.port))
        lazy.sendall(ask)
        # The client reads nothing, and still gets the end of the stream.
        await eventually(lambda: lazy.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET, within=20)


# --- browsers ---


async def test_named_origins_pass_cors(admin: Client) -> None:
    asked = {"Origin": PAGE, "Access_Control_Request_Method": "PUT", "Access_Control_Request_Headers": "authorization"}
    preflight = await admin.with_token("").request("OPTIONS", "/note/1", None, None, **asked)
    assert preflight.expect(204).headers["Access-Control-Allow-Origin"] == PAGE
    assert {"GET", "PUT", "PATCH", "DELETE"} <= set(preflight.headers["Access-Control-Allow-Methods"].split(", "))
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert int(preflight.headers["Access-Control-Max-Age"]) > 0
    read = (await admin.get("/note", Origin=PAGE)).expect(200)
    assert read.headers["Access-Control-Allow-Origin"] == PAGE and read.headers["Vary"] == "Origin"
    shown = set(read.headers["Access-Control-Expose-Headers"].split(", "))
    assert {"X-Trace-ID", "ETag", "X-Commit", "Idempotency-Replayed", "RateLimit-Remaining", "Retry-After"} <= shown
    # Refusals too, or the page would never learn why.
    for refusal in (await admin.get("/nothing", Origin=PAGE), await admin.with_token("").get("/note", Origin=PAGE)):
        assert refusal.status in (401, 404) and refusal.headers["Access-Control-Allow-Origin"] == PAGE
    exported = (await admin.get("/note/_export?format=csv", Origin=PAGE)).expect(200)
    assert exported.headers["Access-Control-Allow-Origin"] == PAGE
    assert "Access-Control-Allow-Credentials" not in {*preflight.headers, *read.headers}


@pytest.mark.parametrize("origin", ["https://evil.example", f"{PAGE}.evil.example", "null", "http://app.example.com"])
async def test_other_origins_fail_cors(admin: Client, origin: str) -> None:
    preflight = await admin.with_token("").request(
        "OPTIONS", "/note", Origin=origin, Access_Control_Request_Method="GET"
    )
    assert (preflight.status, preflight.code) == (403, "FORBIDDEN")
    read = await admin.get("/note", Origin=origin)
    for reply in (preflight, read):
        assert not [name for name in reply.headers if name.startswith("Access-Control")]
        assert reply.headers["Vary"] == "Origin"


async def test_options_without_a_preflight_is_not_a_method(admin: Client) -> None:
    reply = await admin.request("OPTIONS", "/note", Origin=PAGE)
    assert (reply.status, reply.code) == (405, "METHOD_NOT_ALLOWED")


async def test_every_response_has_security_headers(anybody: Client, admin: Client) -> None:
    for reply in (
        await admin.get("/note"), await admin.get("/nothing"), await anybody.get("/nowhere"),
        await anybody.get("/health"), await admin.get("/note/_export?format=csv"),
    ):  # fmt: skip
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert reply.headers.getall("Server") == ["Rocket"]
        assert reply.headers["Strict-Transport-Security"] == "max-age=3600; includeSubDomains"
