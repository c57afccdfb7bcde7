"""One part is down: clear errors at once, nothing lost, recovery without other restarts."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.client import Client, Reply, entity, text
from tests.support.receivers import HttpReceiver
from tests.support.stacks import calling, running


@pytest.fixture(scope="module")
async def fragile(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    variables = {"ROCKET_REQUEST_TIMEOUT": "3", "ROCKET_LOG_LEVEL": "error"}
    async with running(tmp_path_factory.mktemp("fragile"), variables=variables) as stack:
        yield stack


@pytest.fixture
async def owner(fragile: Stack) -> AsyncIterator[Client]:
    async with calling(fragile) as client:
        admin = await client.new_app()
        await admin.define(entity("item", text("name")))
        (await admin.post("/item", {"name": "before"})).expect(201)
        yield admin


def assert_unavailable(reply: Reply, named: str) -> None:
    assert (reply.expect(503).code, named in reply.body["error"]["message"]) == ("SERVICE_UNAVAILABLE", True), (
        reply.body
    )


async def test_data_service_down(fragile: Stack, owner: Client) -> None:
    await fragile.stop("data")
    assert_unavailable(await owner.get("/item"), "data")
    assert_unavailable(await owner.post("/item", {"name": "x"}), "data")
    ready = (await Client(owner.session, owner.url).get("/readyz")).expect(503)
    assert ready.body["services"]["data"]["ready"] is False
    (await owner.get("/_admin/entities")).expect(200)
    await fragile.start("data")
    await _recovered(owner)
    assert [row["name"] for row in (await owner.get("/item")).data] == ["before", "after"]


async def test_metadata_service_down(fragile: Stack, owner: Client) -> None:
    await fragile.stop("metadata")
    assert_unavailable(await owner.post("/_admin/entities", entity("x", text("y"))), "metadata")
    (await owner.post("/item", {"name": "records go on"})).expect(201)
    (await Client(owner.session, owner.url).get("/health")).expect(200)
    await fragile.start("metadata")
    await eventually(lambda: _status(owner, "/_admin/entities", 200))


@pytest.mark.parametrize("service", ["workflow", "webhook", "notify", "events"])
async def test_a_stopped_consumer_catches_up(
    fragile: Stack, owner: Client, receiver: HttpReceiver, service: str
) -> None:
    await _define_effects(owner, receiver)
    await fragile.stop(service)
    record = (await owner.post("/item", {"name": "go"})).expect(201).data
    path = {"workflow": "/_workflows", "webhook": "/_admin/webhook-logs", "notify": "/_notifications"}
    assert_unavailable(await owner.get(path.get(service, "/_admin/audit-logs")), service)
    await fragile.start(service)

    async def caught_up() -> bool:
        audit = await owner.get(f"/_admin/audit-logs?record_id={record['id']}")
        workflows = await owner.get("/_workflows?status=completed")
        inbox = await owner.get("/_notifications")
        return bool(audit.data and workflows.data and inbox.data and receiver.requests)

    await eventually(caught_up, within=20)


async def test_synchronous_webhooks_with_the_webhook_service_down(
    fragile: Stack, owner: Client, receiver: HttpReceiver
) -> None:
    hook = {"entity": "item", "hook": "before_write", "url": receiver.url, "async": False}
    webhook = (await owner.define(hook, "webhooks"))["id"]
    await fragile.stop("webhook")
    assert_unavailable(await owner.post("/item", {"name": "unasked"}), "webhook")
    assert (await owner.get("/_admin/webhooks")).expect(200).data[0]["circuit"] is None
    (await owner.put(f"/_admin/webhooks/{webhook}", {**hook, "on_failure": "allow"})).expect(200)
    (await owner.post("/item", {"name": "unasked"})).expect(201)
    await fragile.start("webhook")

    async def asked_again() -> bool:
        await owner.post("/item", {"name": "asked"})
        return bool(receiver.requests)

    await eventually(asked_again, within=20)


async def test_nats_down(fragile: Stack, owner: Client) -> None:
    await fragile.stop("nats")
    assert_unavailable(await owner.get("/item"), "nats")
    assert (await Client(owner.session, owner.url).get("/readyz")).status == 503
    await fragile.start("nats")
    await _recovered(owner)
    await _audited(owner, "after")


async def test_postgres_down(fragile: Stack, owner: Client) -> None:
    await fragile.stop("postgres")
    assert_unavailable(await owner.get("/item"), "database")
    assert_unavailable(await owner.post("/item", {"name": "x"}), "database")
    credentials = {"email": "admin@localhost", "password": "changeme"}
    login = await Client(owner.session, owner.url).post(owner.prefix + "/auth/login", credentials)
    assert_unavailable(login, "database")
    await fragile.start("postgres")
    await _recovered(owner)
    await _audited(owner, "after")
    assert [row["name"] for row in (await owner.get("/item")).data] == ["before", "after"]


async def test_a_service_that_hangs_is_a_timeout(fragile: Stack, owner: Client) -> None:
    fragile.pause("data")
    try:
        assert (await owner.get("/item")).expect(504).code == "TIMEOUT"
    finally:
        fragile.resume("data")
    await eventually(lambda: _status(owner, "/item", 200))


async def test_killed_services_restart(fragile: Stack, owner: Client) -> None:
    for service in ("metadata", "data", "workflow", "webhook", "notify", "events", "gateway"):
        await fragile.kill(service)
    await _recovered(owner)
    await fragile.ready(30)
    await _audited(owner, "after")


async def _status(owner: Client, path: str, status: int) -> bool:
    return (await owner.get(path)).status == status


async def _recovered(owner: Client) -> None:
    """A write succeeds again, without anything else having been restarted.

    It is one write, under a key: what was not answered in time may have happened all the same.
    """
    once = str(uuid.uuid4())

    async def written() -> bool:
        try:
            return (await owner.post("/item", {"name": "after"}, Idempotency_Key=once)).status == 201
        except aiohttp.ClientError:
            return False

    await eventually(written, within=20, every=0.1)


async def _audited(owner: Client, name: str) -> None:
    async def found() -> Any:
        rows = (await owner.get("/_admin/audit-logs?entity=item")).data
        return [row for row in rows if row["new_data"]["name"] == name]

    assert len(await eventually(found, within=20)) == 1


async def _define_effects(owner: Client, receiver: HttpReceiver) -> None:
    """One of each: a webhook, a workflow, a notification rule."""
    rename = {"type": "set_field", "entity": "item", "record_id": "context.id", "field": "name", "value": "done"}
    trigger = {"type": "state_change", "entity": "item", "field": "name", "to": "go"}
    step = {"id": "rename", "type": "action", "actions": [rename]}
    rule = {
        "name": "tell",
        "entity": "item",
        "hook": "after_create",
        "channel": "in_app",
        "recipients": [{"role": "admin"}],
        "tell_actor": True,
    }
    await owner.define({"entity": "item", "url": receiver.url}, "webhooks")
    workflow = {"name": "go", "trigger": trigger, "context": {"id": "record.id"}, "steps": [step]}
    await owner.define(workflow, "workflows")
    await owner.define({**rule, "template": {"subject": "s", "body": "b"}}, "notification-rules")
