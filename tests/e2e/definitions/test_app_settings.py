"""The settings of an app: kept, versioned, and in force at every replica."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_connection
from tests.support.client import Client, entity, text
from tests.support.uploads import upload

LOGO = "data:image/png;base64,iVBORw0KGgo="
ORIGIN = "https://shop.example.org"


async def test_settings_are_one_document_with_versions(admin: Client) -> None:
    first = (await admin.get("/_admin/settings")).expect(200)
    assert first.headers["ETag"] == '"0"'
    assert first.data == {
        "instrumentation": {"enabled": None, "retention_days": None, "sampling_rate": None}, "audit_default": None,
        "password_login": None, "files": {"access": None}, "cors_origins": [], "links": [],
        "branding": {"name": None, "logo": None, "colour": None},
    }  # fmt: skip
    public = admin.with_token("")
    name = admin.prefix.removeprefix("/api/")
    empty: dict[str, Any] = {"name": name, "logo": None, "colour": None, "links": []}
    plain = (await public.get("/_ui/branding")).expect(200)
    assert plain.data == empty
    assert (await public.get("/_ui/branding", If_None_Match=plain.headers["ETag"])).status == 304
    part = {"branding": {"name": "Shop", "colour": "#112233"}, "links": [{"label": "Help", "url": "https://h.example"}]}
    patched = (await admin.request("PATCH", "/_admin/settings", part, If_Match='"0"')).expect(200)
    assert patched.headers["ETag"] == '"1"' and patched.data["branding"]["logo"] is None
    shown = {"name": "Shop", "logo": None, "colour": "#112233", "links": part["links"]}
    assert (await public.get("/_ui/branding")).expect(200).data == shown
    (await admin.request("PATCH", "/_admin/settings", {"audit_default": False}, If_Match='"0"')).expect(412)
    more = (await admin.request("PATCH", "/_admin/settings", {"branding": {"logo": LOGO, "name": None}})).expect(200)
    assert more.data["branding"] == {"name": None, "logo": LOGO, "colour": "#112233"}
    unknown = (await admin.request("PATCH", "/_admin/settings", {"brandng": None})).expect(422)
    assert unknown.details[0]["field"] == "brandng" and "branding" in unknown.details[0]["message"]
    replaced = (await admin.put("/_admin/settings", {"audit_default": True})).expect(200)
    assert replaced.data == {**first.data, "audit_default": True}

    versions = (await admin.get("/_admin/settings/versions")).expect(200)
    assert [one["version"] for one in versions.data] == [3, 2, 1] and versions.meta["total"] == 3
    assert versions.data[0]["user"]["email"] == "admin@localhost"
    assert (await admin.get("/_admin/settings?version=1")).expect(200).data["branding"]["name"] == "Shop"
    (await admin.get("/_admin/settings?version=9")).expect(404)
    restored = (await admin.post("/_admin/settings/restore", {"version": 1})).expect(200)
    assert restored.data["links"] == part["links"]
    assert "settings" not in (await admin.get("/_admin/export")).data
    (await admin.post("/_admin/settings", {})).expect(404)
    user = await admin.user("ann@localhost", ["staff"])
    for method, path in (("GET", ""), ("PUT", ""), ("PATCH", ""), ("GET", "/versions"), ("POST", "/restore")):
        (await user.request(method, f"/_admin/settings{path}", {} if method != "GET" else None)).expect(403)

    async def audited() -> bool:
        rows = (await admin.get("/_admin/audit-logs?entity=_settings")).expect(200).data
        return len(rows) == 4 and rows[-1]["new_data"]["branding"]["name"] == "Shop"

    await eventually(audited)


async def test_every_setting_is_in_force_at_every_gateway(stack: Stack, admin: Client) -> None:
    await admin.define(entity("note", text("body")))
    await admin.define(entity("kept", text("body"), audit=True))
    gateways = [admin.at(url) for url in stack.gateway_urls]

    async def allowed(caller: Client) -> str | None:
        return (await caller.get("/note", Origin=ORIGIN)).headers.get("Access-Control-Allow-Origin")

    assert [await allowed(each) for each in gateways] == [None, None]
    reader = await admin.user("ann@localhost", ["staff"])
    file = (await upload(admin, b"secret", "a.txt", "text/plain")).expect(201).data["id"]
    (await reader.get(f"/_files/{file}")).expect(200)
    change: dict[str, Any] = {
        "cors_origins": [ORIGIN], "files": {"access": "record"}, "audit_default": False,
        "instrumentation": {"sampling_rate": 0},
    }  # fmt: skip
    (await admin.request("PATCH", "/_admin/settings", change)).expect(200)

    async def in_force() -> bool:
        origins = [await allowed(each) for each in gateways]
        files = [(await reader.at(each.url).get(f"/_files/{file}")).status for each in gateways for _ in range(3)]
        return origins == [ORIGIN] * 2 and files == [404] * 6

    await eventually(in_force)
    (await admin.post("/note", {"body": "a"})).expect(201)
    (await admin.post("/kept", {"body": "a"})).expect(201)

    async def audited() -> Any:
        rows = (await admin.get("/_admin/audit-logs?source=data")).expect(200).data
        return [row["entity"] for row in rows]

    await eventually(audited)
    assert await audited() == ["kept"]
    verified = (await admin.post("/_admin/projections/audit/verify")).expect(202).data["id"]

    async def compared() -> Any:
        found = (await admin.get(f"/_admin/projections/audit/replays/{verified}")).expect(200).data
        return found["status"] == "done" and found

    assert (await eventually(compared, within=20))["differences"] == 0


async def _telemetry_is_handled(client: Client) -> None:
    """Wait until all spans of finished requests are handled: a later one of another app is seen, and none is left."""
    other = await client.new_app()
    trace = (await other.get("/_admin/entities")).expect(200).headers["X-Trace-ID"]

    async def seen() -> Any:
        return (await other.get(f"/_events?trace_id={trace}")).expect(200).data

    async def none_left() -> bool:
        lag: dict[str, int] = (await Client(client.session, client.url).get("/readyz")).body["services"]["events"][
            "lag"
        ]
        return lag["telemetry"] == 0

    await eventually(seen)
    await eventually(none_left)


async def test_instrumentation_decides_what_is_kept(stack: Stack, admin: Client, client: Client) -> None:
    async def spans(trace: str) -> list[str]:
        rows = (await admin.get(f"/_events?trace_id={trace}&per_page=100")).expect(200).data
        return [row["action"] for row in rows]

    async def requested(path: str, status: int) -> str:
        return (await admin.get(path)).expect(status).headers["X-Trace-ID"]

    whole = await requested("/_admin/entities", 200)
    await eventually(lambda: spans(whole))
    (await admin.request("PATCH", "/_admin/settings", {"instrumentation": {"sampling_rate": 0}})).expect(200)
    good, bad = await requested("/_admin/entities", 200), await requested("/_admin/entities/nothing", 404)
    await eventually(lambda: spans(bad))
    assert "request.end" in await spans(bad)
    await _telemetry_is_handled(client)
    assert await spans(good) == []
    (await admin.request("PATCH", "/_admin/settings", {"instrumentation": {"enabled": False}})).expect(200)
    off = await requested("/_admin/entities/nothing", 404)
    told = (await admin.post("/_events", {"action": "told"})).expect(201).headers["X-Trace-ID"]
    await _telemetry_is_handled(client)
    assert await spans(off) == [] and await spans(told) == ["told"]

    # A shorter retention drops old days at once.
    async with app_connection(stack, admin) as connection:
        day = datetime.now(UTC) - timedelta(days=3)
        await connection.execute("SELECT events.ensure_day($1)", day.date())
        old = str(uuid.uuid4())
        await connection.execute(
            "INSERT INTO events.events (id, trace_id, event_type, source, component, action, status, created_at) "
            "VALUES (gen_random_uuid(), $1, 'business', 'app', 'business', 'old', 'ok', $2)", uuid.UUID(old), day,
        )  # fmt: skip
    assert await spans(old) == ["old"]
    (await admin.request("PATCH", "/_admin/settings", {"instrumentation": {"retention_days": 1}})).expect(200)

    async def gone() -> bool:
        return await spans(old) == []

    await eventually(gone)
