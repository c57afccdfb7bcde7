"""Invalid requests get the right status and the error envelope, and change nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import jwt
import pytest
from multidict import CIMultiDict
from yarl import URL

from libs.shared.testing.polling import eventually
from tests.support.client import Client, Reply, entity, integer, text
from tests.support.relations import reference

THING = entity(
    "thing",
    text("name", required=True, unique=True),
    integer("count"),
    {"name": "big", "type": "bigint"},
    {"name": "price", "type": "decimal", "precision": 2},
    {"name": "on", "type": "boolean"},
    reference("ref"),
    {"name": "at", "type": "timestamp"},
    {"name": "day", "type": "date"},
    {"name": "data", "type": "json"},
    text("size", enum=["s", "m", "l"]),
    {"name": "made", "type": "timestamp", "auto": "create"},
)


@pytest.fixture
async def things(admin: Client) -> Client:
    """The admin of an app with things."""
    await admin.define(THING)
    return admin


@pytest.fixture(scope="module")
async def no_things(common_admin: Client) -> Client:
    """The same, for tests that make none."""
    await common_admin.define(THING)
    return common_admin


@pytest.fixture(scope="module")
async def no_entities(client: Client) -> Client:
    """The admin of an app for tests that define nothing."""
    return await client.new_app()


def assert_envelope(reply: Reply) -> None:
    """The error body has the keys of the contract and no others."""
    assert reply.status < 500
    assert set(reply.body) == {"error"}
    assert set(reply.body["error"]) <= {"code", "message", "details"}
    assert reply.body["error"]["message"]
    assert reply.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 5), ("name", None), ("name", ""), ("name", "a\x00b"), ("count", "5.5"), ("count", 1.5),
        ("count", 2**31), ("count", True), ("big", 2**63), ("price", "1,0"), ("price", 10**17), ("on", 1),
        ("on", "true"), ("ref", "no"), ("ref", 5), ("at", "yesterday"), ("at", 5), ("day", "2026-02-30"),
        ("day", "2026-01-01T00:00:00Z"), ("data", "text"), ("data", 5), ("size", "xl"), ("unheard", 1),
    ],
)  # fmt: skip
async def test_a_wrong_value_names_its_field(no_things: Client, field: str, value: Any) -> None:
    reply = await no_things.post("/thing", {"name": "n", field: value})
    assert_envelope(reply)
    assert reply.expect(422).code == "VALIDATION_FAILED"
    assert field in [detail["field"] for detail in reply.details]
    assert (await no_things.get("/thing")).meta["total"] == 0


async def test_all_violations_are_reported_at_once(no_things: Client) -> None:
    reply = await no_things.post("/thing", {"count": "x", "size": "xl"})
    assert [(d["field"], d["rule"]) for d in reply.details] == [
        ("name", "required"), ("count", "type"), ("size", "enum"),
    ]  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"5", b"\xff\xfe", b'{"name": NaN}', b"[" * 100_000])
async def test_a_body_must_be_an_object(no_things: Client, body: bytes) -> None:
    for method, path in (("POST", "/thing"), ("POST", "/_admin/entities")):
        reply = await no_things.request(method, path, raw=body)
        assert_envelope(reply)
        assert reply.status in (400, 422)


async def test_an_oversized_body_is_refused(no_things: Client) -> None:
    reply = await no_things.request("POST", "/thing", raw=b'{"name":"' + b"x" * (11 * 1024 * 1024) + b'"}')
    assert_envelope(reply)
    assert reply.expect(413).code == "PAYLOAD_TOO_LARGE"


async def test_a_record_larger_than_a_nats_message_is_accepted(things: Client) -> None:
    await things.define(entity("large", text("name"), {"name": "data", "type": "json", "max_length": 2_000_000}))
    value = {"text": "é" * 1_500_000}
    created = (await things.post("/large", {"name": "large", "data": value})).expect(201)
    assert created.data["data"] == value
    assert (await things.get(f"/large/{created.data['id']}")).data["data"] == value
    assert (await things.get("/large")).data[0]["data"] == value


async def test_a_deeply_nested_value_is_refused(things: Client) -> None:
    for depth, status in ((101, 422), (240, 400), (99, 201)):
        value: Any = []
        for _ in range(depth - 1):
            value = [value]
        (await things.post("/thing", {"name": f"deep {depth}", "data": value})).expect(status)

    async def audited() -> bool:
        return bool((await things.get("/_admin/audit-logs?entity=thing")).meta["total"] == 1)

    await eventually(audited)


async def test_error_responses_are_limited(no_things: Client) -> None:
    reply = (await no_things.post("/thing", {f"unknown{n}": n for n in range(900)})).expect(422)
    assert len(reply.details) == 100
    (await no_things.post("/thing", {"u" * 1_000_000: 1})).expect(422)


async def test_compressed_bodies_are_refused(no_things: Client) -> None:
    reply = await no_things.request("POST", "/thing", raw=b"no gzip at all", Content_Encoding="gzip")
    assert_envelope(reply)
    assert reply.status == 400


async def test_key_lengths_are_limited(admin: Client) -> None:
    key = {"field": "key", "type": "string", "generated": False}
    await admin.define({**entity("tag"), "primary_key": key, "fields": [text("key")]})
    (await admin.post("/tag", {"key": "k" * 255})).expect(201)
    for bad in ("k" * 256, "_x", "a,b", ".", ".."):
        (await admin.post("/tag", {"key": bad})).expect(422)


async def test_unknown_paths_are_404(no_things: Client, client: Client) -> None:
    for path, code in (("/nope", "UNKNOWN_ENTITY"), ("/_nope", "NOT_FOUND"), ("/_admin/nope", "NOT_FOUND")):
        reply = (await no_things.get(path)).expect(404)
        assert_envelope(reply)
        assert reply.code == code
    assert (await no_things.get("/thing/no-uuid")).expect(404).code == "NOT_FOUND"
    assert (await no_things.put("/thing/0", {"name": "x"})).expect(404).code == "NOT_FOUND"
    assert (await client.get("/api/nope/thing")).expect(404).code == "APP_NOT_FOUND"
    assert (await client.get("/api/nope/thing", Authorization="Bearer x")).expect(404).code == "APP_NOT_FOUND"
    assert (await no_things.request("PATCH", "/thing")).expect(405).code == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("filter[nope]=1", "UNKNOWN_FIELD"), ("filter[name.near]=1", "INVALID_PAYLOAD"), ("sort=nope", "UNKNOWN_FIELD"),
        ("include=nope", "UNKNOWN_FIELD"), ("filter[count]=x", "INVALID_PAYLOAD"),
        ("filter[data]=1", "INVALID_PAYLOAD"),
        ("filter[count.gt]=99999999999", "INVALID_PAYLOAD"), ("filter[ref]=5", "INVALID_PAYLOAD"),
        ("filter[name'; DROP TABLE things; --]=1", "UNKNOWN_FIELD"), ("filter[name]=%00", "INVALID_PAYLOAD"),
    ],
)  # fmt: skip
async def test_invalid_queries_are_refused(no_things: Client, query: str, code: str) -> None:
    reply = await no_things.get(f"/thing?{query}")
    assert_envelope(reply)
    assert reply.expect(400).code == code


async def test_page_numbers_fall_back(no_things: Client) -> None:
    for query in (
        "page=0&per_page=-1",
        "page=x&per_page=y",
        "page=&per_page=",
        "per_page=99999999999999999999",
    ):
        meta = (await no_things.get(f"/thing?{query}")).expect(200).meta
        assert meta["page"] == 1 and meta["per_page"] in (25, 100)
    assert (await no_things.get("/thing?page=99")).data == []


async def test_malformed_tokens_are_401(no_things: Client, client: Client) -> None:
    other = await client.new_app()
    forged = jwt.encode({"sub": "x", "roles": ["admin"], "iat": 0, "exp": 2**33}, "k" * 32, algorithm="HS256")
    unsigned = jwt.encode({"sub": "x", "roles": ["admin"], "iat": 0, "exp": 2**33}, "", algorithm="none")
    headers = ["", "Bearer", "Bearer x.y.z", "Basic abc", f"Bearer {forged}", f"Bearer {unsigned}"]
    for header in [*headers, f"Bearer {other.token}"]:
        reply = await Client(no_things.session, no_things.url, prefix=no_things.prefix).get(
            "/thing", Authorization=header
        )
        assert_envelope(reply)
        assert reply.expect(401).code == "UNAUTHORIZED"
    # The token is looked at before the entity, and an app's token is none on the platform.
    (await no_things.get("/nope", Authorization="Bearer x")).expect(401)
    (await Client(no_things.session, no_things.url, no_things.token).get("/api/_platform/apps")).expect(401)
    (await no_things.get("/thing", Authorization=f"bEaReR {no_things.token}")).expect(200)


@pytest.mark.parametrize("version", ["", "x", "0", "-1", "1.0", "9" * 30])
async def test_an_invalid_version_is_refused(things: Client, version: str) -> None:
    key = (await things.post("/thing", {"name": "n"})).data["id"]
    reply = await things.get(f"/thing/{key}?version={version}")
    assert_envelope(reply)
    assert (reply.expect(400).code, reply.details[0]["field"]) == ("INVALID_PAYLOAD", "version")


@pytest.mark.parametrize("name", ["User-Agent", "If-None-Match", "X-Trace-ID", "Authorization"])
async def test_undecodable_headers_are_refused(no_things: Client, name: str) -> None:
    """Sent over a bare socket, as no client library lets such bytes through."""
    url = URL(no_things.url)
    assert url.host is not None and url.port is not None
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        head = f"GET {no_things.prefix}/thing/00000000-0000-4000-8000-000000000000 HTTP/1.1\r\nHost: x\r\n"
        token = "" if name == "Authorization" else f"Authorization: Bearer {no_things.token}\r\n"
        writer.write(f"{head}{token}{name}: ".encode() + b"\xff\xfe\r\n\r\n")
        async with asyncio.timeout(10):
            status = (await reader.readline()).split()[1]
    finally:
        writer.close()
    assert status == (b"401" if name == "Authorization" else b"404")


async def test_taken_unique_values_conflict(things: Client) -> None:
    first = (await things.post("/thing", {"name": "a"})).expect(201).data
    second = (await things.post("/thing", {"name": "b"})).expect(201).data
    assert (await things.post("/thing", {"name": "a"})).expect(409).code == "CONFLICT"
    conflict = (await things.put(f"/thing/{second['id']}", {"name": "a"})).expect(409)
    assert conflict.details[0]["field"] == "name"
    assert (await things.get("/thing?sort=name")).data == [first, second]


async def test_an_older_version_is_not_overwritten(things: Client) -> None:
    record = (await things.post("/thing", {"name": "a"})).data
    path = f"/thing/{record['id']}"
    (await things.put(path, {"count": 1}, If_Match='"1"')).expect(200)
    stale = (await things.put(path, {"count": 2}, If_Match='"1"')).expect(412)
    assert (stale.code, stale.headers.get("ETag")) == ("PRECONDITION_FAILED", '"2"')
    (await things.delete(path, If_Match='"1"')).expect(412)
    (await things.get(path, If_None_Match='"2"')).expect(304)
    assert (await things.get(path)).data["count"] == 1


ID = {"name": "id", "type": "uuid"}


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        ({}, "name"), ({"name": "x"}, "table"), ({**THING, "table": None}, "table"),
        ({**THING, "fields": []}, "fields"),
        ({**THING, "primary_key": None}, "primary_key"),
        ({**THING, "primary_key": {"field": "nope", "type": "uuid", "generated": True}}, "primary_key"),
        ({**THING, "primary_key": {"type": "uuid"}}, "primary_key"),
        ({**THING, "primary_key": {"fields": ["name", "name"]}}, "primary_key.fields"),
        ({**THING, "primary_key": {"fields": ["name", "price"]}}, "primary_key.fields"),
        ({**THING, "primary_key": {"field": "name", "type": "string"}}, "primary_key.generated"),
        ({**THING, "primary_key": {"field": "price", "type": "uuid"}}, "primary_key.type"),
        ({**THING, "fields": [ID, {"name": "x", "type": "colour"}]}, "fields.1.type"),
        ({**THING, "fields": [ID, text("a"), text("b"), text("a")]}, "fields.3.name"),
        ({**THING, "fields": [ID, integer("a", default="x")]}, "fields.1.default"),
        ({**THING, "fields": [ID, integer("a", enum=["x"])]}, "fields.1.enum"),
        ({**THING, "fields": [ID, integer("a", enum=[1], default=2)]}, "fields.1.default"),
        ({**THING, "fields": [ID, text("a", auto="create")]}, "fields.1.auto"),
        ({**THING, "slug": {"field": "nope"}}, "slug.field"), ({**THING, "slug": {"field": "size"}}, "slug.field"),
        ({**THING, "slug": {"field": "name", "source": "nope"}}, "slug.source"),
        ({**THING, "table": "_users"}, "table"), ({**THING, "name": "auth"}, "name"),
        ({**THING, "name": 'x"; DROP TABLE y; --'}, "name"),
    ],
)  # fmt: skip
async def test_invalid_entities_are_refused(no_entities: Client, definition: dict[str, Any], field: str) -> None:
    reply = await no_entities.post("/_admin/entities", definition)
    assert_envelope(reply)
    assert reply.expect(422).code == "VALIDATION_FAILED"
    assert reply.details[0]["field"] == field
    assert (await no_entities.get("/_admin/entities")).data == []


STEP = {"id": "a", "type": "approval"}
PLAN = {
    "name": "w",
    "trigger": {"type": "state_change", "entity": "thing", "field": "size", "to": "s"},
    "steps": [STEP],
}
TAGS = {"name": "r", "type": "many_to_many", "source": "thing", "target": "thing"}


@pytest.mark.parametrize(
    ("kind", "definition", "field"),
    [
        ("workflows", {**PLAN, "steps": [STEP, STEP]}, "steps.1.id"),
        ("workflows", {**PLAN, "steps": [{**STEP, "id": "end"}]}, "steps.0.id"),
        ("workflows", {**PLAN, "steps": [STEP, {**STEP, "id": "b", "on_reject": {"goto": "c"}}]}, "steps.1.on_reject"),
        ("relations", TAGS, "join_table"),
        (
            "relations",
            {**TAGS, "join_table": "t", "source_join_key": "k", "target_join_key": "k"},
            "target_join_key",
        ),
        ("permissions", {"entity": "thing", "action": "read", "roles": ["a"], "fields": {}}, "fields"),
        ("permissions", {"entity": "thing", "action": "delete", "roles": ["a"], "masks": {"name": "hash"}}, "masks"),
        (
            "permissions",
            {"entity": "thing", "action": "create", "roles": ["a"], "visible_when": {"name": "true"}},
            "visible_when",
        ),
    ],
)
async def test_other_invalid_definitions_are_refused(
    no_things: Client, kind: str, definition: dict[str, Any], field: str
) -> None:
    reply = await no_things.post(f"/_admin/{kind}", definition)
    assert_envelope(reply)
    assert reply.expect(422).code == "VALIDATION_FAILED"
    assert reply.details[0]["field"] == field


async def test_taken_names_and_tables_conflict(admin: Client) -> None:
    await admin.define(THING)
    (await admin.post("/_admin/entities", THING)).expect(409)
    (await admin.post("/_admin/entities", {**THING, "name": "other"})).expect(409)
    (await admin.post("/_admin/permissions", {"entity": "nope", "action": "read", "roles": []})).expect(422)
    (await admin.post("/_admin/permissions", {"entity": "thing", "action": "eat", "roles": []})).expect(422)


async def test_invalid_apps_are_refused(client: Client) -> None:
    platform = await client.platform()
    for name in (None, "", "A", "1a", "a" * 64, "a b", "a\n", 5):
        (await platform.post("/apps", {"name": name})).expect(422)
    (await platform.post("/apps", {"name": "twice"})).expect(201)
    (await platform.post("/apps", {"name": "twice"})).expect(409)
    (await platform.delete("/apps/twice")).expect(200)
    (await platform.get("/apps/twice")).expect(404)
    (await platform.delete("/apps/twice")).expect(404)


@pytest.mark.parametrize("name", ["X-Trace-ID", "idempotency-key", "If-Match", "Origin", "Range", "Last-Event-ID"])
async def test_repeated_single_headers_are_refused(common_admin: Client, name: str) -> None:
    headers = CIMultiDict([("Authorization", f"Bearer {common_admin.token}"), (name, "1"), (name, "2")])
    async with common_admin.session.get(
        f"{common_admin.url}{common_admin.prefix}/_notifications", headers=headers
    ) as response:
        error = (await response.json())["error"]
    assert (response.status, error["code"]) == (400, "INVALID_PAYLOAD")
    assert name.lower() in error["message"].lower()


async def test_several_credentials_are_refused(admin: Client) -> None:
    """Also by somebody who is known already: a proxy may have looked at the other one."""
    key = (await admin.post("/_admin/api-keys", {"name": "k", "roles": ["admin"]})).expect(201).data["key"]
    (await admin.get("/_notifications")).expect(200)
    token = ("Authorization", f"Bearer {admin.token}")
    for doubled in ([token, token], [token, ("X-API-Key", key)], [("X-API-Key", key), ("X-API-Key", key)]):
        async with admin.session.get(
            f"{admin.url}{admin.prefix}/_notifications", headers=CIMultiDict(doubled)
        ) as response:
            assert (response.status, (await response.json())["error"]["code"]) == (401, "UNAUTHORIZED")
