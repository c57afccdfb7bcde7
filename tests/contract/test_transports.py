"""Every transport of requests behaves the same: responses, errors, deadlines, limits and stopping."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.bus.nats.connection import connect
from libs.shared.bus.rpc import server as rpc_server
from libs.shared.bus.rpc import transport as transports
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.bus.rpc.in_process import InProcessTransport
from libs.shared.bus.rpc.nats_transport import NatsTransport
from libs.shared.bus.rpc.server import RpcServer
from libs.shared.bus.rpc.signed_contexts import ContextVerifier
from libs.shared.bus.rpc.transport import Transport
from libs.shared.contracts.context import SYSTEM, AppRef, Context, Identity
from libs.shared.contracts.messages import Request, Response
from libs.shared.errors import RocketError
from libs.shared.ids import random_uuid

APP = AppRef("0190b6c0-0000-7000-8000-000000000009", "shop", "shop")
AMBIENT: ContextVar[str] = ContextVar("ambient", default="none")
LARGE = b"x" * 1_500_000


@dataclass(frozen=True, slots=True)
class Sum:
    """The response to `Add`."""

    total: int


@dataclass(frozen=True, slots=True)
class Add(Request[Sum]):
    """Adds two numbers."""

    service, name, reply, by_services = "data", "test-add", Sum, True
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Echo(Request[Response]):
    """Responds with its body."""

    service, name, by_services = "data", "test-echo", True
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Nowhere(Request[Response]):
    """Served by nobody."""

    service, name, by_services = "data", "test-nowhere", True


class NoTable:
    """No gateway has published a key."""

    async def execute(self, query: str, *values: Any) -> None: ...

    async def fetchval(self, query: str, *values: Any) -> Any: ...


@dataclass
class Ends:
    """Both ends of a transport. `handle` is what serves `Echo`."""

    client: RpcClient
    server: RpcServer
    handle: Callable[[Context, Echo], Awaitable[Response]]


@pytest.fixture(params=["nats", "in process"])
async def ends(request: pytest.FixtureRequest) -> AsyncIterator[Ends]:
    if request.param == "in process":
        transport = InProcessTransport()
        yield await _opened(transport, transport)
        return
    stack: Stack = request.getfixturevalue("stack")
    async with (
        connect(stack.nats_url_of("gateway"), "rocket-gateway") as caller,
        connect(stack.nats_url_of("data"), "rocket-data") as callee,
    ):
        await caller.established()
        await callee.established()
        ends = await _opened(NatsTransport(caller), NatsTransport(callee))
        await caller.flush()
        await callee.flush()
        yield ends
        await ends.server.stop()


async def _opened(caller: Transport, callee: Transport) -> Ends:
    async def echo(context: Context, request: Echo) -> Response:
        return Response(body=request.body)

    async def add(context: Context, request: Add) -> Sum:
        return Sum(request.left + request.right)

    ends = Ends(RpcClient(caller), RpcServer(callee, ContextVerifier(NoTable())), echo)
    for transport in {id(each): each for each in (caller, callee)}.values():
        transport.open()
    ends.server.serve("data", "1.0.0", {Add: add, Echo: lambda context, request: ends.handle(context, request)})
    return ends


def context(seconds: float = 5.0, identity: Identity | None = SYSTEM) -> Context:
    return Context(random_uuid(), app=APP, identity=identity).within(seconds)


async def error_of(ends: Ends, request: Request[Any], **values: Any) -> RocketError:
    with pytest.raises(RocketError) as raised:
        await ends.client.request(request, context(**values))
    return raised.value


async def test_responses_come_to_their_requests(ends: Ends) -> None:
    sums = await asyncio.gather(*(ends.client.request(Add(n, 1), context()) for n in range(100)))
    assert [each.total for each in sums] == [n + 1 for n in range(100)]


async def test_status_headers_and_context_arrive(ends: Ends) -> None:
    seen: list[Context] = []

    async def handle(context: Context, request: Echo) -> Response:
        seen.append(context)
        return Response(201, request.body, {"ETag": "1"})

    ends.handle = handle
    sent = context()
    assert await ends.client.request(Echo(b"{}"), sent) == Response(201, b"{}", {"ETag": "1"})
    assert (seen[0].trace_id, seen[0].app, seen[0].identity) == (sent.trace_id, APP, SYSTEM)
    assert seen[0].remaining() == pytest.approx(sent.remaining(), abs=0.1)


async def test_payloads_larger_than_a_message_arrive(ends: Ends) -> None:
    assert (await ends.client.request(Echo(LARGE), context())).body == LARGE


async def test_payloads_over_the_limit_are_refused(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "MAX_PAYLOAD_BYTES", 1_000_000)
    assert (await error_of(ends, Echo(LARGE))).code == "PAYLOAD_TOO_LARGE"

    async def respond_large(context: Context, request: Echo) -> Response:
        return Response(body=LARGE)

    ends.handle = respond_large
    assert (await error_of(ends, Echo())).code == "PAYLOAD_TOO_LARGE"


async def test_a_refusal_arrives_with_details_and_headers(ends: Ends) -> None:
    async def refuse(context: Context, request: Echo) -> Response:
        raise RocketError("CONFLICT", "taken", [{"field": "a"}], {"Retry-After": "1"})

    ends.handle = refuse
    error = await error_of(ends, Echo())
    assert (error.code, error.message, list(error.details), error.headers) == (
        "CONFLICT", "taken", [{"field": "a"}], {"Retry-After": "1"},
    )  # fmt: skip


async def test_an_unexpected_error_does_not_leave_the_service(ends: Ends) -> None:
    async def fail(context: Context, request: Echo) -> Response:
        raise ValueError("secret")

    ends.handle = fail
    error = await error_of(ends, Echo())
    assert (error.code, error.message) == ("INTERNAL_ERROR", "An internal error occurred")


async def test_a_request_without_a_receiver_fails_at_once(ends: Ends) -> None:
    async with asyncio.timeout(2):
        assert (await error_of(ends, Nowhere())).code == "SERVICE_UNAVAILABLE"


async def test_a_request_ends_at_its_deadline_on_both_sides(ends: Ends) -> None:
    cancelled = asyncio.Event()

    async def sleep(context: Context, request: Echo) -> Response:
        try:
            await asyncio.sleep(30)
        finally:
            cancelled.set()
        return Response()

    ends.handle = sleep
    async with asyncio.timeout(3):
        assert (await error_of(ends, Echo(), seconds=0.2)).code == "TIMEOUT"
        await cancelled.wait()
    assert (await error_of(ends, Echo(), seconds=0)).code == "TIMEOUT"


async def test_unsigned_requests_of_users_are_refused(ends: Ends) -> None:
    admin = Identity("0190b6c0-0000-7000-8000-000000000001", "admin@localhost", ("admin",))
    assert (await error_of(ends, Echo(), identity=admin)).code == "FORBIDDEN"


async def test_requests_over_the_concurrency_limit_are_refused(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_server, "MAX_CONCURRENT_REQUESTS", 1)
    started, release = asyncio.Event(), asyncio.Event()

    async def wait(context: Context, request: Echo) -> Response:
        started.set()
        await release.wait()
        return Response()

    ends.handle = wait
    first = asyncio.create_task(ends.client.request(Echo(), context()))
    await started.wait()
    assert (await error_of(ends, Echo())).code == "SERVICE_UNAVAILABLE"
    release.set()
    assert (await first).status == 200


async def test_a_stopped_server_finishes_what_is_under_way_and_takes_no_more(ends: Ends) -> None:
    started, release = asyncio.Event(), asyncio.Event()

    async def wait(context: Context, request: Echo) -> Response:
        started.set()
        await release.wait()
        return Response(202)

    ends.handle = wait
    first = asyncio.create_task(ends.client.request(Echo(), context()))
    await started.wait()
    await ends.server.stop()
    assert (await error_of(ends, Add(1, 1))).code == "SERVICE_UNAVAILABLE"
    release.set()
    await ends.server.drain(5)
    assert (await first).status == 202


async def test_a_handler_does_not_inherit_the_callers_context_variables(ends: Ends) -> None:
    async def handle(context: Context, request: Echo) -> Response:
        return Response(body=AMBIENT.get().encode())

    ends.handle = handle
    AMBIENT.set("caller")
    assert (await ends.client.request(Echo(), context())).body == b"none"


async def test_a_caller_that_gives_up_disturbs_nobody(ends: Ends) -> None:
    release = asyncio.Event()

    async def wait(context: Context, request: Echo) -> Response:
        await release.wait()
        return Response()

    ends.handle = wait
    given_up = asyncio.create_task(ends.client.request(Echo(), context()))
    await asyncio.sleep(0.05)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    release.set()
    assert (await ends.client.request(Add(1, 2), context())).total == 3
