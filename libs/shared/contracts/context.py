"""Who asks, for which app, in which trace, and until when: what every request carries in its headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import orjson

from libs.shared import clock

TRACEPARENT = "traceparent"
DEADLINE = "Rocket-Deadline"
CONTEXT = "Rocket-Context"

REMEMBERED = 2_000
"""Callers whose CONTEXT header a process knows by heart."""
DEFAULT_TIMEOUT = 10.0
"""Seconds a request may take from the gateway's door to its answer."""


@dataclass(frozen=True, slots=True)
class AppRef:
    """An app as services need it: its immortal id, its present name, and the database it lives in.

    `server` names where that is; empty: where the platform's is.
    """

    id: str
    name: str
    database: str
    server: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who acts. `via` says how they were authenticated: password, platform, workflow, system."""

    id: str
    email: str
    roles: tuple[str, ...] = ()
    via: str = "password"
    on_behalf_of: str | None = None

    @property
    def is_admin(self) -> bool:
        return "admin" in self.roles

    def packed(self) -> tuple[Any, ...]:
        """The identity as a JSON list."""
        return self.id, self.email, self.roles, self.via, self.on_behalf_of

    @classmethod
    def unpacked(cls, user_id: str, email: str, roles: list[str], via: str, on_behalf_of: str | None) -> Identity:
        """The identity that `packed` took apart."""
        return cls(user_id, email, tuple(roles), via, on_behalf_of)


SYSTEM = Identity(id="00000000-0000-0000-0000-000000000000", email="system", roles=("admin",), via="system")
"""Rocket itself: timers, consumers, maintenance."""


@dataclass(frozen=True, slots=True)
class Once:
    """A caller's wish that a request has its effect once: `key` stands for who, where to and the
    Idempotency-Key, `request` for what is asked; both are SHA-256 in hexadecimal digits."""

    key: str
    request: str


@dataclass(frozen=True, slots=True)
class Context:
    """The travelling part of a request. Immutable; `child()` and friends give changed copies."""

    trace_id: str
    span_id: str = "0000000000000000"
    deadline: float = 0.0
    app: AppRef | None = None
    identity: Identity | None = None
    ip: str = ""
    user_agent: str = ""
    cause: str = "request"
    cause_depth: int = 0
    once: Once | None = None

    @property
    def the_app(self) -> AppRef:
        """The app of a request that has one by its route."""
        assert self.app is not None, "this request belongs to no app"
        return self.app

    @property
    def user(self) -> Identity:
        """The authenticated caller of a request that has one by its route."""
        assert self.identity is not None, "this request has no identity"
        return self.identity

    def remaining(self) -> float:
        """Seconds left until the deadline; never negative."""
        return max(0.0, self.deadline - clock.unix()) if self.deadline else DEFAULT_TIMEOUT

    def for_app(self, app: AppRef) -> Context:
        return self.entered(app, self.identity)

    def for_user(self, identity: Identity | None) -> Context:
        return self.entered(self.app, identity)

    # Written out instead of dataclasses.replace, which costs three times as much on every request.

    def entered(self, app: AppRef | None, identity: Identity | None) -> Context:
        """A copy for this app and caller."""
        return Context(
            self.trace_id, self.span_id, self.deadline, app, identity,
            self.ip, self.user_agent, self.cause, self.cause_depth, self.once,
        )  # fmt: skip

    def under(self, span_id: str) -> Context:
        """A copy with another span as parent of what happens next."""
        return Context(
            self.trace_id, span_id, self.deadline, self.app, self.identity,
            self.ip, self.user_agent, self.cause, self.cause_depth, self.once,
        )  # fmt: skip

    def within(self, seconds: float) -> Context:
        """A copy whose deadline is at most `seconds` from now."""
        limit = clock.unix() + seconds
        return replace(self, deadline=min(self.deadline, limit) if self.deadline else limit)

    def until(self, deadline: float) -> Context:
        """A copy with another deadline, in Unix seconds."""
        return replace(self, deadline=deadline)

    def headers(self) -> dict[str, str]:
        """The NATS headers of this context; W3C Trace Context for the trace."""
        rest: dict[str, Any] = {"ip": self.ip, "ua": self.user_agent, "c": self.cause, "d": self.cause_depth}
        if self.app:
            rest["app"] = (self.app.id, self.app.name, self.app.database, self.app.server)
        if self.identity:
            rest["who"] = self.identity.packed()
        if self.once:
            rest["once"] = (self.once.key, self.once.request)
        return {
            TRACEPARENT: f"00-{self.trace_id.replace('-', '')}-{self.span_id}-01",
            DEADLINE: f"{self.deadline:.3f}",
            CONTEXT: orjson.dumps(rest).decode(),
        }

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Context:
        """The context that `headers()` wrote. Raises ValueError or KeyError if they are not ours."""
        app, identity, ip, user_agent, cause, cause_depth, once = _unpacked(headers[CONTEXT])
        _, trace, span, _ = headers[TRACEPARENT].split("-")
        return cls(
            trace_id=f"{trace[:8]}-{trace[8:12]}-{trace[12:16]}-{trace[16:20]}-{trace[20:]}",
            span_id=span,
            deadline=float(headers[DEADLINE]),
            app=app,
            identity=identity,
            ip=ip,
            user_agent=user_agent,
            cause=cause,
            cause_depth=cause_depth,
            once=once,
        )


_Unpacked = tuple[AppRef | None, Identity | None, str, str, str, int, Once | None]


@lru_cache(REMEMBERED)
def _unpacked(text: str) -> _Unpacked:
    """What a CONTEXT header says; a caller's next request has the same one, letter by letter."""
    rest = orjson.loads(text)
    return (
        AppRef(*rest["app"]) if "app" in rest else None,
        Identity.unpacked(*rest["who"]) if "who" in rest else None,
        rest["ip"],
        rest["ua"],
        rest["c"],
        rest["d"],
        Once(*rest["once"]) if "once" in rest else None,
    )
