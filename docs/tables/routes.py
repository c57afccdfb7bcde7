"""The table of all routes, from the routing table and the OpenAPI document that the gateway makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from libs.shared.contracts.context import Identity
from libs.shared.schema import Snapshot
from services.gateway.openapi.document import Reader, build, plain_path
from services.gateway.routes import ROUTES
from services.gateway.routing.core_routes import CORE
from services.gateway.routing.route import Route

TABLE = re.compile(r"<!-- routes -->\n.*?<!-- end -->", re.DOTALL)
CORE_TABLE = re.compile(r"<!-- core routes -->\n.*?<!-- end -->", re.DOTALL)
APP = "{app}"
ENTITY = {
    "name": "entity", "table": "entities", "soft_delete": True,
    "primary_key": {"field": "id", "type": "uuid", "generated": True},
    "fields": [{"name": "id", "type": "uuid"}, {"name": "title", "type": "string"}],
}  # fmt: skip
EXAMPLES = {"{entity}": "entity", "{kind}": "roles"}
"""What stands for these parts of a path in the document that the table is made from."""
BODIES = {"{entity}": "a record", "{entity}/_bulk": "a list of records or ids", "{kind}": "a definition"}
"""Names of bodies that depend on the app, by the rest of the path behind `/api/{app}/` or `/_admin/`."""
CALLERS = {"public": "anybody", "user": "user", "admin": "admin", "platform": "platform"}
GROUPS = (
    ("Operating", ""), ("Platform", "/api/_platform"), ("Records", "/api/{app}/{entity}"),
    ("Commits", "/api/{app}/_commits"), ("Live streams", "/api/{app}/_live"), ("Accounts", "/api/{app}/auth"),
    ("Files", "/api/{app}/_files"), ("Workflows", "/api/{app}/_workflows"),
    ("Notifications", "/api/{app}/_notifications"), ("Events", "/api/{app}/_events"),
    ("User interfaces", "/api/{app}/_ui"), ("Saved views", "/api/{app}/_views"),
    ("Administration", "/api/{app}/_admin"),
    ("Descriptions", "/api/{app}"),
)  # fmt: skip
"""Headings, and how the paths below them begin; the longest match counts."""


def written(page: str) -> str:
    """The page with the table of routes rewritten."""
    return TABLE.sub(lambda _: "\n".join(["<!-- routes -->", "", *_sections(), "<!-- end -->"]), page)


def with_core_routes(page: str) -> str:
    """The page with the list of core routes rewritten."""
    methods: dict[str, list[str]] = {}
    for route in ROUTES:
        if (route.method, route.path) in CORE:
            methods.setdefault(plain_path(route), []).append(route.method)
    rows = [f"| `{path}` | {', '.join(found)} |" for path, found in methods.items()]
    table = ["<!-- core routes -->", "", "| path | methods |", "|---|---|", *rows, "", "<!-- end -->"]
    return CORE_TABLE.sub(lambda _: "\n".join(table), page)


def _sections() -> Iterable[str]:
    document = _document()
    for title, prefix in GROUPS:
        rows = [_row(route, document) for route in ROUTES if _group(plain_path(route)) == prefix]
        if rows:
            yield f"## {title}"
            yield ""
            yield "| route | who | what it does | query | body |"
            yield "|---|---|---|---|---|"
            yield from rows
            yield ""


def _document() -> Mapping[str, Any]:
    row = {"number": 1, "definition": ENTITY, "field_ids": {}, "retired": False}
    platform = Reader.of(Identity("1", "root@example.org", ("admin",), via="platform"))
    return build(ROUTES, APP, Snapshot.read(1, {"entities": [row], "kinds": {}}), platform)


def _group(path: str) -> str:
    return max((prefix for _, prefix in GROUPS if path.startswith(prefix)), key=len)


def _row(route: Route, document: Mapping[str, Any]) -> str:
    path = plain_path(route)
    key = path
    for placeholder, example in EXAMPLES.items():
        key = key.replace(placeholder, example)
    operation = document["paths"][key][route.method.lower()]
    query = ", ".join(f"`{name}`" for name in _query(route))
    body = _body(path, operation, document["components"]["schemas"])
    summary = operation["summary"].replace("|", "\\|")
    return f"| `{route.method} {path}` | {CALLERS[route.access.value]} | {summary} | {query} | {body} |"


def _query(route: Route) -> list[str]:
    known = route.parameters
    conditions = [f"{word}[…]" for word, read in (("filter", known.filters), ("having", known.having)) if read]
    return conditions + sorted(known.names)


def _body(path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return ""
    ending = path.removeprefix("/api/{app}/").removeprefix("_admin/").removesuffix("/{id}")
    if ending in BODIES:
        return BODIES[ending]
    schema = content.get("application/json", {}).get("schema", {})
    schema = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
    keys = [f"{name}{'' if name in schema.get('required', ()) else '?'}" for name in schema.get("properties", {})]
    return f"`{{{', '.join(keys)}}}`" if keys else next(iter(content)) if "application/json" not in content else "JSON"
