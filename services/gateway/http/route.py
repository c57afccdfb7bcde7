"""What a line of the routing table is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Answer, Ask
from services.gateway.http.door import Access
from services.gateway.state import State

Call = Callable[[State, web.Request, Context], Awaitable[Answer | web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Local:
    """A route that the gateway answers itself."""

    call: Call


@dataclass(frozen=True, slots=True)
class Route:
    """`target` is the contract that is asked over NATS, or the gateway's own function.

    `summary` says in a line what it does; without one the first line of what the target's docstring says.
    """

    method: str
    path: str
    target: type[Ask[Any]] | Local
    access: Access
    summary: str = ""
