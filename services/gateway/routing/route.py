"""A line of the routing table: the request it matches, who may make it, and its target."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from aiohttp import web

from libs.shared.contracts.bodies import RequestBody
from libs.shared.contracts.messages import Request, Response
from libs.shared.parameters import NONE, Parameters
from services.gateway.routing.core_routes import CORE

AREA = re.compile(r"/api/\{app\}/(_[a-z]+)(?:/|$)")
AREAS_OF_RECORDS = ("_commits", "_live", "_schema")
"""Areas without a right of their own: each entity is asked about there."""
ACTIONS = {"GET": "read", "HEAD": "read", "POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete"}
"""What an API key must be allowed in an area, by method."""
HEADERS = {"if_match": "If-Match", "if_none_match": "If-None-Match"}
"""Contract fields that are filled from request headers."""


class Access(Enum):
    """Who may use a route."""

    PUBLIC = "public"
    USER = "user"
    ADMIN = "admin"
    PLATFORM = "platform"


Handler = Callable[..., Awaitable[Response | web.StreamResponse]]
"""`(state, request, context)`, and the parsed body where the route has a model for it."""


@dataclass(frozen=True, slots=True)
class Local:
    """A route that the gateway handles itself.

    `parameters` are those of its URL's query, `body` is the model of its body. An `idempotent` one honours an
    Idempotency-Key; its effect lies in the app's database.
    """

    handler: Handler
    parameters: Parameters = NONE
    body: type[RequestBody] | None = None
    idempotent: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """`target` is the contract that is asked over NATS, or the gateway's own handler.

    `summary` says in a line what it does; without one, the first line of the target's docstring does.
    `reads`: whether it only reads, and so is open to view tokens; without it, GET and HEAD do.
    `area` is what an API key with scopes must be allowed here: `_files` of `/api/{app}/_files/...`. Routes about
    records have none, as each entity is asked about there. `parameters` are those that its URL's query may have.
    """

    method: str
    path: str
    target: type[Request[Any]] | Local
    access: Access
    summary: str = ""
    reads: bool | None = None
    area: str | None = field(init=False)
    parameters: Parameters = field(init=False)

    def __post_init__(self) -> None:
        word = AREA.match(self.path)
        object.__setattr__(self, "area", word[1] if word and word[1] not in AREAS_OF_RECORDS else None)
        if self.reads is None:
            object.__setattr__(self, "reads", self.method in ("GET", "HEAD"))
        known = replace(self.target.parameters, core=(self.method, self.path) in CORE)
        object.__setattr__(self, "parameters", known)

    @property
    def body(self) -> type[RequestBody] | None:
        """The model of the body, where it has one; bodies of records have none."""
        return self.target.body if isinstance(self.target, Local) else self.target.body_model

    def check(self, request: web.Request) -> None:
        """Raises UNKNOWN_FIELD for unknown parameters. Names of fields are checked by data, which alone knows them."""
        if request.query_string:
            self.parameters.check_conditions(request.query)
            if self.method not in ("GET", "HEAD"):
                self.parameters.check_safeguards(request.query)
            if not self.parameters.of_records:
                self.parameters.check_names(request.query)
