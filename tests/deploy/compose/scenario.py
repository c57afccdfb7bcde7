"""What is played: start, use, crash, stop, start again, find everything."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from libs.shared.contracts.operations import SERVICES
from libs.shared.testing.polling import eventually
from tests.deploy.compose.docker import say
from tests.deploy.compose.stack import Stack
from tests.support.client import Client, entity, integer, text

EMAIL = "platform@localhost"
TICKET = entity("ticket", text("title", required=True), text("status", default="open"), integer("priority"))
WORKFLOW = {
    "name": "urgent",
    "trigger": {"type": "state_change", "entity": "ticket", "field": "status", "to": "urgent"},
    "context": {"ticket": "record.id"},
    "steps": [
        {
            "id": "raise",
            "type": "action",
            "actions": [
                {
                    "type": "set_field", "entity": "ticket", "record_id": "context.ticket",
                    "field": "priority", "value": 9,
                }
            ],
            "then": {"goto": "end"},
        }
    ],
}  # fmt: skip
REACHABLE = {
    "ROCKET_DATABASE_URL": "postgresql://u:0123456789abcdefghij@h/rocket",
    "ROCKET_NATS_URL": "nats://u:0123456789abcdefghij@h:4222",
}
SECRET = "0123456789abcdefghijklmnopqrstuvwxyz"
"""Strong enough for the gateway to look at the rest."""
FILE = bytes(range(256)) * 400
UP = 120.0
"""Seconds everything may take to be ready."""
KILLED = ("data", "nats", "postgres")


def play(stack: Stack, build_image: str) -> None:
    """The whole scenario; raises AssertionError where it breaks."""
    code, output = stack.without("NATS_PASSWORD_DATA")
    assert code != 0 and "NATS_PASSWORD_DATA is missing, see .env.example" in output, output
    say("a missing password stops it and is named")

    stack.compose("build", *(["--build-arg", f"BUILD_IMAGE={build_image}"] if build_image else []), "migrate")
    size = int(stack.docker("image", "inspect", "--format", "{{.Size}}", stack.image))
    say(f"the image is built: {size / 1e6:.0f} MB with its base")
    _refuses_defaults(stack)

    _up(stack)
    _is_locked_down(stack)
    records = _call(stack, _use)
    for number, service in enumerate(KILLED):
        _kill(stack, service)
        records += _call(stack, functools.partial(_write_one_more, number))
    _call(stack, functools.partial(_find, records))
    say(f"{len(records)} records, their history, the file and the workflow's instance are there")
    _nobody_was_refused(stack)

    stack.compose("down", "--timeout", "20")
    say("down")
    _up(stack)
    _call(stack, functools.partial(_find, records))
    say("everything is there again after down and up")


def _refuses_defaults(stack: Stack) -> None:
    """Without settings, and with a well-known secret, the image ends at once and says why."""
    for role, given, said in (
        ("services.data", {}, "setting secret_key: Field required"),
        ("services.data", {**REACHABLE, "ROCKET_SECRET_KEY": "changeme"}, "ROCKET_SECRET_KEY must have"),
        ("services.gateway", {**REACHABLE, "ROCKET_SECRET_KEY": SECRET}, "ROCKET_PLATFORM_ADMIN_PASSWORD must have"),
        ("deploy.migrate", {}, "ROCKET_DATABASE_URL is not set"),
    ):
        variables = [f"--env={name}={value}" for name, value in given.items()]
        code, output = stack.docker.attempt("run", "--rm", *variables, stack.image, role)
        assert code != 0 and said in output, f"{role} with {given}: {code} {output}"
    say("the image refuses to start with missing or well-known secrets")


def _up(stack: Stack) -> None:
    stack.compose("up", "--detach", "--no-build")
    _call(stack, None)
    say("up, and all services are ready")


def _call(stack: Stack, what: Callable[[Client], Awaitable[Any]] | None) -> Any:
    """Do something as the admin of the app `shop`, as soon as all services are ready."""

    async def calling() -> Any:
        async with aiohttp.ClientSession() as session:
            client = Client(session, stack.url)
            await eventually(lambda: _ready(client), within=UP, every=0.5)
            if what is None:
                return None
            platform = await client.login("_platform", EMAIL, stack.password)
            return await what(Client(session, stack.url, platform.token, "/api/shop"))

    return asyncio.run(calling())


async def _ready(client: Client) -> bool:
    reply = await client.get("/readyz")
    assert reply.status == 200, reply.body
    return True


async def _use(admin: Client) -> list[dict[str, Any]]:
    """Make the app, define an entity, write, upload, and see that streams arrive."""
    platform = Client(admin.session, admin.url, admin.token, "/api/_platform")
    (await platform.post("/apps", {"name": "shop"})).expect(201)
    await admin.define(TICKET)
    (await admin.post("/_admin/workflows", WORKFLOW)).expect(201)
    records = [(await admin.post("/ticket", {"title": f"t{n}"})).expect(201).data for n in range(20)]
    (await admin.put(f"/ticket/{records[0]['id']}", {"status": "urgent"})).expect(200)

    async def raised() -> Any:
        record = (await admin.get(f"/ticket/{records[0]['id']}")).data
        return record["priority"] == 9 and record

    records[0] = await eventually(raised)
    say("20 records are written, and a workflow has changed one of them")
    await _upload(admin)
    return records


async def _upload(admin: Client) -> None:
    form = aiohttp.FormData()
    form.add_field("file", FILE, filename="a.bin", content_type="application/octet-stream")
    (await admin.request("POST", "/_files/upload", raw=form)).expect(201)
    say("a file is uploaded")


async def _write_one_more(number: int, admin: Client) -> list[dict[str, Any]]:
    return [(await admin.post("/ticket", {"title": f"after crash {number}"})).expect(201).data]


async def _find(records: list[dict[str, Any]], admin: Client) -> None:
    """Every record as it was written; its first version; one audit row per commit; the file; the instance."""
    found = {row["id"]: row for row in (await admin.get("/ticket?per_page=100")).expect(200).data}
    assert found == {row["id"]: row for row in records}, "other records than were written"
    history = (await admin.get(f"/ticket/{records[0]['id']}/history")).expect(200).data
    assert [row["version"] for row in history] == [3, 2, 1], history

    async def audited() -> bool:
        total: int = (await admin.get("/_admin/audit-logs?entity=ticket")).expect(200).meta["total"]
        assert total == len(records) + 2, f"{total} audit rows for {len(records) + 2} commits"
        return True

    await eventually(audited, within=30)
    (file,) = (await admin.get("/_files")).expect(200).data
    async with admin.session.get(
        f"{admin.url}{admin.prefix}/_files/{file['id']}", headers={"Authorization": f"Bearer {admin.token}"}
    ) as response:
        assert await response.read() == FILE, "the file has changed"
    (instance,) = (await admin.get("/_workflows")).expect(200).data
    assert instance["status"] == "completed", instance


def _is_locked_down(stack: Stack) -> None:
    for service in SERVICES:
        assert stack.compose("exec", "-T", service, "id", "-u").strip() == "10001"
        assert stack.inspect(service, "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}") == "true [ALL]"

    async def healthy() -> bool:
        states = {name: stack.inspect(name, "{{.State.Health.Status}}") for name in SERVICES}
        assert set(states.values()) == {"healthy"}, states
        return True

    asyncio.run(eventually(healthy, within=60, every=1))
    say("seven services run without root, on read-only roots, and docker finds them healthy")


def _kill(stack: Stack, service: str) -> None:
    """SIGKILL to everything in the container but its init; then docker starts it anew."""
    before = int(stack.inspect(service, "{{.RestartCount}}"))
    stack.try_compose("exec", "-T", service, "sh", "-c", "kill -9 -1")

    async def restarted() -> bool:
        return int(stack.inspect(service, "{{.RestartCount}}")) > before

    asyncio.run(eventually(restarted, within=30, every=0.2))
    _call(stack, None)
    say(f"{service} was killed, was restarted, and all services are ready")


def _nobody_was_refused(stack: Stack) -> None:
    """NATS lets every service do all it needs."""
    lines = [line for line in stack.compose("logs", "--no-color").splitlines() if "violation" in line.lower()]
    assert not lines, "\n".join(lines[:20])
    say("NATS has refused nobody anything")
