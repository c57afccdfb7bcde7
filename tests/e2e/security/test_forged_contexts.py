"""A compromised service cannot send requests in another caller's name."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.bus.rpc.signed_contexts import ContextSigner
from libs.shared.contracts.context import SYSTEM, AppRef, Context, Identity
from libs.shared.contracts.definitions import ListDefinitions
from libs.shared.contracts.effects import SetFields
from libs.shared.contracts.messages import Request
from libs.shared.contracts.records import CreateRecord, ListRecords
from libs.shared.contracts.schemas import GetSchema
from libs.shared.errors import RocketError
from libs.shared.ids import random_uuid
from tests.support.client import Client, entity, text
from tests.support.services import app_of, inside

ADMIN = Identity("0190b6c0-0000-7000-8000-000000000001", "admin@localhost", ("admin",))
ROOT = Identity("0190b6c0-0000-7000-8000-000000000002", "root", ("admin",), via="platform")
FLOW = Identity("0190b6c0-0000-7000-8000-000000000003", "", ("admin",), via="workflow")


class NoTable:
    """Takes a forger's key, and shows it to nobody."""

    async def execute(self, query: str, *values: Any) -> None: ...

    async def fetchval(self, query: str, *values: Any) -> Any: ...


async def outcome(rpc: RpcClient, request: Request[Any], app: AppRef, identity: Identity | None) -> str:
    context = Context(random_uuid(), app=app, identity=identity).within(3)
    try:
        await rpc.request(request, context)
    except RocketError as error:
        return error.code
    return "answered"


@pytest.fixture
async def app(admin: Client, stack: Stack) -> AppRef:
    await admin.define(entity("note", text("title")))
    return await app_of(stack, admin)


async def test_only_a_gateway_can_name_the_caller(stack: Stack, app: AppRef) -> None:
    asked: list[Request[Any]] = [
        ListRecords("note", []), CreateRecord("note", b'{"title":"x"}'), ListDefinitions("entities"),
    ]  # fmt: skip
    async with inside(stack, "gateway") as rpc:
        for _ in range(2):
            found = {await outcome(rpc, q, app, who) for q in asked for who in (ADMIN, ROOT, FLOW, SYSTEM, None)}
            assert found == {"FORBIDDEN"}
            # Once more with a signature, by a key that no gateway has published.
            rpc.sign_with(ContextSigner(NoTable()))


async def test_a_service_may_send_only_its_own_requests(stack: Stack, app: AppRef) -> None:
    setting = SetFields("note", random_uuid(), {"title": "x"}, random_uuid())
    async with inside(stack, "workflow") as rpc:
        assert await outcome(rpc, GetSchema(), app, SYSTEM) == "answered"
        assert await outcome(rpc, setting, app, FLOW) == "answered"
        for who in (ADMIN, ROOT):
            assert await outcome(rpc, setting, app, who) == "FORBIDDEN"
        # NATS lets it ask nothing else at all.
        assert await outcome(rpc, ListRecords("note", []), app, FLOW) in ("TIMEOUT", "SERVICE_UNAVAILABLE")
    async with inside(stack, "notify") as rpc:
        assert await outcome(rpc, setting, app, FLOW) in ("TIMEOUT", "SERVICE_UNAVAILABLE")
