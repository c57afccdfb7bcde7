"""The OpenAPI document: valid, per caller, and true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deploy.embedded.stack import Stack
from tests.support.client import Client, entity, integer, text

TICKET = entity(
    "ticket",
    text("title", required=True),
    text("state", enum=["open", "closed"], default="open"),
    integer("effort"),
    {"name": "price", "type": "decimal", "precision": 2},
    {"name": "due", "type": "date"},
    {"name": "made", "type": "timestamp", "auto": "create"},
    {"name": "extra", "type": "json"},
    {"name": "paper", "type": "file"},
    soft_delete=True,
)


async def document(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get("/openapi.json")).expect(200).body
    return found


def references(part: Any) -> Iterator[str]:
    """Every $ref in a document."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def resolved(whole: dict[str, Any], reference: str) -> Any:
    found: Any = whole
    for key in reference.removeprefix("#/").split("/"):
        found = found[key]
    return found


def validator(whole: dict[str, Any], name: str) -> Draft202012Validator:
    """What checks values against one of the document's schemas."""
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": whole["components"]})


async def test_the_document_is_valid_openapi(admin: Client) -> None:
    specs = pytest.importorskip("openapi_spec_validator", reason="requirements/dev.txt is not installed")
    await admin.define(TICKET)
    platform = (await admin.platform()).token
    for caller in (admin, admin.with_token(platform), await admin.user("ann@example.org", ["staff"])):
        specs.OpenAPIV31SpecValidator(await document(caller)).validate()


async def test_the_references_of_the_document_resolve(admin: Client) -> None:
    await admin.define(TICKET)
    whole = await document(admin)
    assert whole["openapi"].startswith("3.1.")
    for reference in set(references(whole)):
        assert resolved(whole, reference)
    for schema in whole["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for path, item in whole["paths"].items():
        for operation in item.values():
            named = set(re.findall(r"\{(\w+)\}", path))
            given = {p["name"] for p in operation.get("parameters", []) if p.get("in") == "path"}
            assert given == named


async def test_the_schema_describes_records(admin: Client) -> None:
    await admin.define(TICKET)
    whole = await document(admin)
    create, update = validator(whole, "record.ticket.create"), validator(whole, "record.ticket.update")
    good: list[dict[str, Any]] = [
        {"title": "a"},
        {"title": "a", "state": "closed", "effort": None, "price": 1.5, "extra": {"a": [1]}},
    ]
    for body in good:
        assert create.is_valid(body)
        record = (await admin.post("/ticket", body)).expect(201).data
        assert validator(whole, "record.ticket").is_valid(record)
    bad: list[dict[str, Any]] = [
        {},
        {"title": ""},
        {"title": "a", "state": "gone"},
        {"title": "a", "effort": "many"},
        {"title": "a", "effort": 2**31},
        {"title": "a", "unknown": 1},
    ]
    for body in bad:
        assert not create.is_valid(body)
        (await admin.post("/ticket", body)).expect(422)
    assert update.is_valid({}) and update.is_valid({"effort": 1}) and not update.is_valid({"title": None})
    properties = whole["components"]["schemas"]["record.ticket"]["properties"]
    assert {name for name, schema in properties.items() if schema.get("readOnly")} == {"id", "made"}


async def test_definition_changes_appear_at_once(admin: Client, stack: Stack) -> None:
    first, second = (admin.at(url) for url in stack.gateway_urls)
    for number in range(5):
        await first.define(entity(f"kind{number}", text("a")))
        whole = await document(second)
        assert f"{admin.prefix}/kind{number}" in whole["paths"]
    (await first.put("/_admin/entities/kind0", entity("kind0", text("a"), text("b")))).expect(200)
    assert "b" in (await document(second))["components"]["schemas"]["record.kind0"]["properties"]
    (await first.delete("/_admin/entities/kind0")).expect(200)
    assert f"{admin.prefix}/kind0" not in (await document(second))["paths"]


async def test_the_document_shows_only_permitted_operations(admin: Client, client: Client) -> None:
    await admin.define(TICKET)
    await admin.define(entity("secret", text("what")))
    ann = await admin.user("ann@example.org", ["staff"])
    prefix = admin.prefix

    def ours(whole: dict[str, Any]) -> dict[str, set[str]]:
        return {
            path.removeprefix(prefix): set(item)
            for path, item in whole["paths"].items()
            if path.startswith(f"{prefix}/ticket")
        }

    nothing = await document(ann)
    assert ours(nothing) == {} and "record.ticket" not in nothing["components"]["schemas"]
    assert not any("_admin" in path or "_platform/apps" in path for path in nothing["paths"])
    for action in ("read", "create"):
        await admin.grant("ticket", action, "staff")
    seen = ours(await document(ann))
    assert seen["/ticket"] == {"get", "post"} and seen["/ticket/{id}"] == {"get"}
    whole = await document(admin)
    assert ours(whole)["/ticket/{id}"] == {"get", "put", "patch", "delete"}
    assert f"{prefix}/secret" in whole["paths"] and f"{prefix}/_admin/users" in whole["paths"]
    assert f"{prefix}/secret" not in (await document(ann))["paths"]
    assert "/api/_platform/apps" not in whole["paths"]
    platform = admin.with_token((await client.platform()).token)
    assert "/api/_platform/apps" in (await document(platform))["paths"]


async def test_the_document_needs_a_login(admin: Client, client: Client) -> None:
    (await admin.with_token("").get("/openapi.json")).expect(401)
    (await client.get("/api/nowhere/openapi.json")).expect(404)
    first = (await admin.get("/openapi.json")).expect(200)
    (await admin.get("/openapi.json", If_None_Match=first.headers["ETag"])).expect(304)


async def test_every_described_operation_exists(admin: Client) -> None:
    """None of them is unknown to the server (404 with another code, or 405)."""
    await admin.define(TICKET)
    for path, item in (await document(admin))["paths"].items():
        for method in item:
            if method == "head" or path.endswith("/auth/login"):
                continue
            filled = re.sub(r"\{\w+\}", "00000000-0000-0000-0000-000000000000", path)
            outside = Client(admin.session, admin.url, admin.token)
            reply = await outside.request(method.upper(), filled)
            assert reply.status != 405
            if reply.status == 404:
                assert reply.body["error"]["message"] != "There is nothing here"


async def test_the_page_loads_nothing_from_other_origins(admin: Client) -> None:
    async with admin.session.get(f"{admin.url}{admin.prefix}/docs") as answer:
        page, policy = await answer.text(), answer.headers["Content-Security-Policy"]
    assert answer.status == 200 and answer.content_type == "text/html"
    assert "default-src 'none'" in policy and "sha256-" in policy and "unsafe" not in policy
    assert re.findall(r"(?:src|href)=[\"']?https?:", page) == []


async def test_an_entity_named_docs_has_its_list(admin: Client) -> None:
    await admin.define(entity("docs", text("a")))
    (await admin.post("/docs", {"a": "b"})).expect(201)
    assert (await admin.get("/docs")).expect(200).meta["total"] == 1
    (await admin.with_token("").get("/docs")).expect(401)
    assert (await admin.get("/docs", Accept="text/html")).headers["Content-Type"].startswith("text/html")
