"""What a line of the routing table is."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from aiohttp import web

from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Request, Response
from libs.shared.parameters import NONE, Parameters
from services.gateway.routing.core_routes import CORE

AREA = re.compile(r"/api/\{app\}/(_[a-z]+)(?:/|$)")
OF_RECORDS = ("_commits", "_live", "_schema")

ACTIONS = {"GET": "read", "HEAD": "read", "POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete"}
"""What an API key must be allowed in an area, by method."""


class Access(Enum):
    """Who may use a route."""

    PUBLIC = "public"
    USER = "user"
    ADMIN = "admin"
    PLATFORM = "platform"


HEADERS = {"if_match": "If-Match", "if_none_match": "If-None-Match"}
"""Contract fields that are filled from request headers."""


Call = Callable[[Any, web.Request, Context], Awaitable[Response | web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Local:
    """A route that the gateway answers itself, and which parameters it knows."""

    call: Call
    parameters: Parameters = NONE


@dataclass(frozen=True, slots=True)
class Route:
    """`target` is the contract that is asked over NATS, or the gateway's own function.

    `summary` says in a line what it does; without one the first line of what the target's docstring says.
    `area` is what an API key with scopes must be allowed here: `_files` of `/api/{app}/_files/...`. Routes about
    records have none, as each entity is asked about there. `parameters` are those that its URL's query may have.
    """

    method: str
    path: str
    target: type[Request[Any]] | Local
    access: Access
    summary: str = ""
    area: str | None = field(init=False)
    parameters: Parameters = field(init=False)

    def __post_init__(self) -> None:
        word = AREA.match(self.path)
        object.__setattr__(self, "area", word[1] if word and word[1] not in OF_RECORDS else None)
        known = replace(self.target.parameters, core=(self.method, self.path) in CORE)
        object.__setattr__(self, "parameters", known)

    def check(self, request: web.Request) -> None:
        """Raises UNKNOWN_FIELD for parameters that nobody would read. Names of fields are known to data alone."""
        if request.query_string:
            self.parameters.check_conditions(request.query)
            if not self.parameters.of_records:
                self.parameters.check_names(request.query)
