"""An app as OpenAPI 3.1: every line of the routing table that the caller may use, over every entity they may see."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from libs.shared.contracts.context import Identity, Scopes
from libs.shared.contracts.messages import Request, Writes
from libs.shared.schema import Snapshot
from libs.shared.schema.kinds import KINDS
from services.gateway.openapi import bodies, definitions, entities
from services.gateway.openapi.components import Schema, answer, json_body, ref, refusals, shared
from services.gateway.openapi.details import detail
from services.gateway.openapi.visible_fields import VisibleEntities, VisibleEntity
from services.gateway.routing.route import ACTIONS, HEADERS, Access, Local, Route

VERSION = "3.1.0"
PLACEHOLDER = re.compile(r"\{(\w+)(?::[^}]*)?\}")
HEADER_PARAMETERS = {"if_match": "IfMatch", "if_none_match": "IfNoneMatch"}
WORDS = {
    "_admin": "Administration",
    "_platform": "Platform",
    "auth": "Accounts",
    "docs": "This document",
    "openapi.json": "This document",
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom the document is for: their roles, and whether they came in as the platform's."""

    roles: frozenset[str]
    platform: bool
    scopes: Scopes | None = None

    @classmethod
    def of(cls, identity: Identity) -> Reader:
        return cls(frozenset(identity.roles), identity.via == "platform", identity.scopes)

    @property
    def identity(self) -> Identity:
        """The document for callers with these rights."""
        return Identity("", "", tuple(self.roles), scopes=self.scopes)

    @property
    def is_admin(self) -> bool:
        return self.identity.is_admin

    def may_use(self, route: Route) -> bool:
        """Whether the door lets them through."""
        match route.access:
            case Access.ADMIN:
                return self.is_admin
            case Access.PLATFORM:
                return self.platform
        return route.area is None or self.identity.allows(route.area, ACTIONS[route.method])


def build(routes: Sequence[Route], app: str, snapshot: Snapshot, reader: Reader) -> Schema:
    """The document of an app at one schema version for one kind of caller."""
    paths: dict[str, Schema] = {}
    visible: dict[str, VisibleEntity] = {}
    sights = VisibleEntities(snapshot, reader.identity)
    seen = {entity.name: sights.of(entity) for entity in snapshot.entities.values()}
    usable = [route for route in routes if reader.may_use(route)]
    for route in usable:
        for path, operation, entity in _operations(route, snapshot, seen):
            paths.setdefault(path.replace("{app}", app), {})[route.method.lower()] = operation
            if entity is not None:
                visible[entity.name] = entity
    components = shared()
    components["schemas"] |= bodies.schemas({route.body for route in usable if route.body is not None})
    for entity in visible.values():
        components["schemas"] |= entities.schemas(entity)
    if reader.is_admin:
        components["schemas"] |= definitions.schemas()
    return {
        "openapi": VERSION,
        "info": {"title": app, "version": str(snapshot.version), "description": "Made from the app's live schema."},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": components,
    }


def plain_path(route: Route) -> str:
    """A route's path with its parameters by name only."""
    return PLACEHOLDER.sub(r"{\1}", route.path)


def _operations(
    route: Route, snapshot: Snapshot, seen: Mapping[str, VisibleEntity]
) -> Iterator[tuple[str, Schema, VisibleEntity | None]]:
    path = plain_path(route)
    if "{entity}" in path:
        contract = entities.operation_of(_name(route), route.method)
        for entity in seen.values():
            if contract.needs(entity) and contract.action in entity.actions:
                described = contract.describe(entity, snapshot)
                here = path.replace("{entity}", entity.name)
                yield here, _operation(route, here, described, entity.name), entity
    elif "{kind}" in path and isinstance(route.target, type):
        for kind in KINDS:
            here = path.replace("{kind}", kind)
            yield here, _operation(route, here, definitions.describe(kind, route.target.__name__), kind), None
    else:
        yield path, _operation(route, path, detail(route.method, path), _tag(path)), None


def _operation(route: Route, path: str, described: Schema, tag: str) -> Schema:
    contract = None if isinstance(route.target, Local) else route.target
    parameters = [_path_parameter(name) for name in PLACEHOLDER.findall(path) if name != "app"]
    parameters += described.get("parameters", [])
    parameters += [ref("parameters", name) for name in _header_parameters(route, contract)]
    body = described.get("requestBody") or _body(route, contract)
    responses = described.get("responses") or {"2XX": answer("Done", {})}
    operation: Schema = {
        "operationId": f"{route.method.lower()}{re.sub('[^A-Za-z0-9]+', '_', path.replace('{app}', ''))}",
        "summary": summary_of(route),
        "tags": [tag],
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": body} if body else {}),
        "responses": {**responses, **_refusals(route, path, bool(body))},
    }
    if "security" in described:
        return {**operation, "security": described["security"]}
    return {**operation, "security": []} if route.access is Access.PUBLIC else operation


def summary_of(route: Route) -> str:
    """What a route does, in a line."""
    if route.summary:
        return route.summary
    if isinstance(route.target, Local):
        call = inspect.unwrap(route.target.handler)
        text = inspect.getdoc(call) or call.__name__.replace("_", " ").capitalize()
    else:
        text = inspect.getdoc(route.target) or route.target.__name__
    return re.split(r"(?<=\.)\s|\n\n|;|: ", text)[0].replace("\n", " ").replace("`", "").rstrip(".")


def _path_parameter(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _header_parameters(route: Route, contract: type[Request[Any]] | None) -> list[str]:
    if contract is None:
        return ["IdempotencyKey"] if isinstance(route.target, Local) and route.target.idempotent else []
    names = [HEADER_PARAMETERS[field.name] for field in fields(contract) if field.name in HEADERS]  # type: ignore[arg-type]
    return [*names, *(["IdempotencyKey"] if contract.writes is not Writes.NOTHING else [])]


def _name(route: Route) -> str:
    return route.target.__name__ if isinstance(route.target, type) else inspect.unwrap(route.target.handler).__name__


def _body(route: Route, contract: type[Request[Any]] | None) -> Schema | None:
    if route.body is not None:
        return bodies.request_body(route.body)
    if contract is None or "body" not in {field.name for field in fields(contract)}:  # type: ignore[arg-type]
        return None
    return {"required": True, "content": json_body({})}


def _refusals(route: Route, path: str, has_body: bool) -> Schema:
    statuses = set() if route.access is Access.PUBLIC else {401, 403}
    if "{" in path:
        statuses.add(404)
    if path.startswith(("/api/{app}/{entity}", "/api/{app}/_commits/{")) and route.method == "GET":
        statuses.add(413)
    if has_body or route.method != "GET":
        statuses |= {400, 409, 413, 422}
    return refusals(*sorted(statuses))


def _tag(path: str) -> str:
    """The group of a route, from the first word of its path after the app."""
    word = re.sub(r"^/api/(\{app\}/)?", "", path).split("/")[0] if path.startswith("/api/") else ""
    return WORDS.get(word, word.strip("_").capitalize() or "Operating")
