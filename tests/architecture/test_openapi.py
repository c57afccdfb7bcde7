"""The routing table and the OpenAPI document agree, and so do metadata's kinds and their models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from libs.shared.contracts.context import Identity
from libs.shared.schema import Snapshot
from libs.shared.schema.kinds import KINDS
from services.gateway.openapi.definitions import schemas
from services.gateway.openapi.details import DETAILS
from services.gateway.openapi.document import Reader, build, plain_path
from services.gateway.openapi.product import product_document
from services.gateway.routes import ROUTES
from tests.support.client import entity, text

NOTE = {"number": 1, "definition": entity("note", text("title"), soft_delete=True), "field_ids": {}, "retired": False}
SNAPSHOT = Snapshot.read(7, {"entities": [NOTE], "kinds": {}})
PLATFORM = Reader.of(Identity("1", "root@example.org", ("admin",), via="platform"))
EXPANDED = {"entity": {"note"}, "kind": set(KINDS), "app": {"shop"}}


def document() -> dict[str, Any]:
    return build(ROUTES, "shop", SNAPSHOT, PLATFORM)


def expected() -> set[tuple[str, str]]:
    """Every (method, path) of the table, for an app `shop` with one entity."""
    found = {(route.method.lower(), plain_path(route)) for route in ROUTES}
    for name, values in EXPANDED.items():
        found = {(method, path.replace(f"{{{name}}}", value)) for method, path in found for value in values}
    return found


def test_exactly_the_routes_are_described() -> None:
    described = {(method, path) for path, item in document()["paths"].items() for method in item}
    assert described == expected()


def test_every_kind_has_a_schema() -> None:
    assert {f"definition.{name}" for name in KINDS} <= set(schemas())


def test_details_are_about_routes_that_exist() -> None:
    assert set(DETAILS) <= {(route.method, plain_path(route)) for route in ROUTES}


def test_operations_have_a_name_and_a_summary_of_their_own() -> None:
    operations = [operation for item in document()["paths"].values() for operation in item.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)
    assert [operation for operation in operations if not operation["summary"] or not operation["tags"]] == []


def test_described_parameters_are_declared() -> None:
    """A parameter that no route declares is refused or ignored; so none is promised that would be."""
    whole = document()
    for route in ROUTES:
        path = plain_path(route)
        for name, values in EXPANDED.items():
            path = path.replace(f"{{{name}}}", min(values))
        known = set(route.parameters.names)
        known |= {"filter"} if route.parameters.filters else set()
        known |= {"having"} if route.parameters.having else set()
        assert described(whole, path, route.method.lower()) <= known, f"{route.method} {path}"
    assert described(whole, "/api/shop/note", "get") >= {"filter", "sort", "page", "per_page", "q"}


def described(whole: dict[str, Any], path: str, method: str) -> set[str]:
    """The names of an operation's parameters in the query."""
    shared = whole["components"]["parameters"]
    given = whole["paths"][path][method].get("parameters", [])
    parameters = [shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in given]
    return {one["name"] for one in parameters if one["in"] == "query"}


WITHOUT_JSON = {
    ("get", "/"), ("get", "/admin"), ("get", "/admin/{path}"), ("get", "/metrics"), ("get", "/api/{app}/docs"),
    ("get", "/api/{app}/_files/{id}"), ("head", "/api/{app}/_files/{id}"), ("get", "/api/{app}/_live"),
    ("get", "/api/{app}/_events/_live"), ("get", "/api/{app}/_notifications/_live"),
    ("get", "/api/{app}/_notifications/unsubscribe"),
    ("get", "/api/{app}/{entity}/_live"), ("get", "/api/{app}/{entity}/_imports/{id}/errors"),
    *(
        (method, f"/api/{realm}/auth/{last}")
        for realm in ("_platform", "{app}")
        for method, last in (
            ("get", "oidc/{provider}/start"), ("get", "oidc/{provider}/callback"), ("get", "saml/{provider}/start"),
            ("post", "saml/{provider}/acs"), ("get", "saml/{provider}/slo"), ("post", "saml/{provider}/slo"),
        )
    ),
}  # fmt: skip
"""Operations that answer pages, bytes, redirects and streams."""


def product() -> dict[str, Any]:
    return product_document(ROUTES)


def resolved(part: Any) -> Any:
    """A part of the document, or what it refers to."""
    if not isinstance(part, dict) or "$ref" not in part:
        return part
    found: Any = product()
    for key in part["$ref"].removeprefix("#/").split("/"):
        found = found[key]
    return found


def test_the_documents_of_the_product_hold_every_route_with_variables() -> None:
    described = {(method, path) for path, item in product()["paths"].items() for method in item}
    found = {(route.method.lower(), plain_path(route)) for route in ROUTES}
    assert described == {(m, path.replace("{kind}", kind)) for m, path in found for kind in KINDS}
    references = set(_references(product()))
    assert len(references) > 50 and all(resolved({"$ref": reference}) is not None for reference in references)
    assert not any("record.entity" in reference or "entity.update" in reference for reference in references)


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    for value in part if isinstance(part, list) else ():
        yield from _references(value)


def test_every_operation_of_the_product_says_what_it_takes_and_answers() -> None:
    """Its variables, a schema of its body where it has one, and one of each successful answer."""
    for path, item in product()["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            assert operation["summary"] and operation["operationId"], where
            parameters = [resolved(each) for each in operation.get("parameters", [])]
            named = {each["name"] for each in parameters if each["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path)), where
            assert all(each["schema"] for each in parameters), where
            for content in operation.get("requestBody", {}).get("content", {}).values():
                assert content["schema"], where
            good = {status: resolved(each) for status, each in operation["responses"].items() if status[0] in "23"}
            assert good, where
            if (method, path) not in WITHOUT_JSON:
                schemas = [each["content"] for each in good.values() if "content" in each]
                assert schemas and all(content["schema"] for one in schemas for content in one.values()), where
            assert resolved(operation["responses"]["default"])["content"]["application/json"]["schema"], where


def test_typed_answers_have_data_of_a_known_shape() -> None:
    """What is enveloped says more than that it is an object."""
    vague = []
    for path, item in product()["paths"].items():
        for method, operation in item.items():
            for status, response in operation["responses"].items():
                schema = resolved(response).get("content", {}).get("application/json", {}).get("schema", {})
                data = resolved(schema).get("properties", {}).get("data") if status.startswith("2") else None
                if data is not None and resolved(data) in ({}, {"type": "object"}):
                    vague.append(f"{method} {path} {status}")
    assert vague == []
