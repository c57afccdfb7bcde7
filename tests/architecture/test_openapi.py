"""The routing table and the OpenAPI document agree, and so do metadata's kinds and their models."""

from __future__ import annotations

from typing import Any

from libs.shared.contracts.context import Identity
from libs.shared.schema import Snapshot
from libs.shared.schema.kinds import KINDS
from services.gateway.openapi.definitions import schemas
from services.gateway.openapi.details import DETAILS
from services.gateway.openapi.document import Reader, build, plain_path
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
