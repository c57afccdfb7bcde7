"""What a line of the routing table is."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Answer, Ask
from services.gateway.http.door import Access
from services.gateway.state import State

AREA = re.compile(r"/api/\{app\}/(_[a-z]+)(?:/|$)")
OF_RECORDS = ("_commits", "_live")

Call = Callable[[State, web.Request, Context], Awaitable[Answer | web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Local:
    """A route that the gateway answers itself."""

    call: Call


@dataclass(frozen=True, slots=True)
class Route:
    """`target` is the contract that is asked over NATS, or the gateway's own function.

    `summary` says in a line what it does; without one the first line of what the target's docstring says.
    `area` is what an API key with scopes must be allowed here: `_files` of `/api/{app}/_files/...`. Routes about
    records have none, as each entity is asked about there.
    """

    method: str
    path: str
    target: type[Ask[Any]] | Local
    access: Access
    summary: str = ""
    area: str | None = field(init=False)

    def __post_init__(self) -> None:
        word = AREA.match(self.path)
        object.__setattr__(self, "area", word[1] if word and word[1] not in OF_RECORDS else None)
