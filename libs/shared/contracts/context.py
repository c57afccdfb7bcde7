"""Who asks, for which app, in which trace, and until when: what every request carries in its headers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from libs.shared import clock
from libs.shared.ids import UUID

BLOCK = b"NATS/1.0\r\ntraceparent: 00-%b-%b-01\r\nRocket-Deadline: %.3f\r\nRocket-Context: %b\r\n\r\n"
"""Trace, span, deadline (Unix seconds), and the rest as JSON, which has no raw line breaks."""
BLOCK_FORM = re.compile(
    rb"\r\ntraceparent: 00-(.{32})-(.{16})-01\r\nRocket-Deadline: ([0-9.]+)\r\nRocket-Context: ([^\r\n]+)\r\n"
)
HEX = b"0123456789abcdef"
"""What ids are made of; to look for that in the form costs more than all the rest of it."""

NO_TRACE = "00000000-0000-0000-0000-000000000000"
"""The trace of what no request has led to; nothing is kept of such traces."""
NO_SPAN = "0" * 16
"""The span of what has no parent."""
MAX_REMEMBERED = 2_000
"""Callers whose CONTEXT header a process knows by heart."""
DEFAULT_TIMEOUT_S = 10.0
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


Scopes = tuple[tuple[str, tuple[str, ...]], ...]
"""What an API key is narrowed to: entities (or `*` for all, or an area such as `_files`) with actions each."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """An admin who sees an app as one of its users: with `version` and `session` (or API key) of this `scope`."""

    id: str
    email: str
    scope: str
    session: str
    version: int


@dataclass(frozen=True, slots=True)
class Credential:
    """What an identity was proved with; it stays in the gateway. `id` is a session's or an API key's.

    `user` is (scope, user id), `version` the user's when it was issued, `generation` the signing key's (0: nothing was
    signed). `expires` is when it must be looked at anew, `ends` when it is good no longer whatever is found then, in
    Unix seconds: an access token has one time, an API key two.
    """

    id: str
    user: tuple[str, str]
    version: int
    expires: float
    generation: int = 0
    ends: float = float("inf")
    viewer: Viewer | None = None
    """Of a view token: the admin whom it was issued to. It is read-only."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who acts. `via` says how they were authenticated: password, api_key, platform, view, workflow, system."""

    id: str
    email: str
    roles: tuple[str, ...] = ()
    via: str = "password"
    on_behalf_of: str | None = None
    scopes: Scopes | None = None
    credential: Credential | None = field(default=None, compare=False, repr=False)

    @property
    def is_admin(self) -> bool:
        """Whether every action is allowed. An identity that is limited to scopes is never an admin."""
        return self.scopes is None and "admin" in self.roles

    @property
    def viewer(self) -> Viewer | None:
        """The admin who looks, of a view token; None for everybody else."""
        return self.credential.viewer if self.credential is not None else None

    @property
    def passes_policies(self) -> bool:
        """Whether no policy is asked about what `allows` lets through: for admins, and for keys that have scopes alone.

        Such a key has no role, so whatever is bound to one (transitions, approvals, admin routes) is closed to it.
        """
        return "admin" in self.roles or (self.scopes is not None and not self.roles)

    def allows(self, entity: str, action: str) -> bool:
        """Whether this is within the scopes; without any everything is. `*` stands for entities, not for areas."""
        if self.scopes is None:
            return True
        names = (entity,) if entity.startswith("_") else (entity, "*")
        return any(name in names and action in actions for name, actions in self.scopes)

    def packed(self) -> tuple[Any, ...]:
        """The identity as a JSON list."""
        whole = (self.id, self.email, self.roles, self.via, self.on_behalf_of)
        return whole if self.scopes is None else (*whole, self.scopes)

    @classmethod
    def unpacked(
        cls,
        user_id: str,
        email: str,
        roles: list[str],
        via: str,
        on_behalf_of: str | None,
        scopes: list[tuple[str, list[str]]] | None = None,
    ) -> Identity:
        """The identity that `packed` took apart."""
        narrowed = None if scopes is None else tuple((name, tuple(actions)) for name, actions in scopes)
        return cls(user_id, email, tuple(roles), via, on_behalf_of, narrowed)


SYSTEM = Identity(id="00000000-0000-0000-0000-000000000000", email="system", roles=("admin",), via="system")
"""Rocket itself: timers, consumers, maintenance."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's wish that a request has its effect once: `key` stands for who, where to and the
    Idempotency-Key, `request` for what is asked; both are SHA-256 in hexadecimal digits."""

    key: str
    request: str


class Context(NamedTuple):
    """The travelling part of a request. Immutable; `within()` and friends give changed copies.

    A tuple, as a frozen dataclass takes three times as long to make, and every hop makes some.
    """

    trace_id: str
    span_id: str = NO_SPAN
    deadline: float = 0.0
    app: AppRef | None = None
    identity: Identity | None = None
    ip: str = ""
    user_agent: str = ""
    cause: str = "request"
    cause_depth: int = 0
    idempotency: IdempotencyKey | None = None
    grant: bytes = b""
    """A gateway's signature over app and identity (bus/rpc/signed_contexts.py); empty where there is none."""

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
        return max(0.0, self.deadline - clock.unix()) if self.deadline else DEFAULT_TIMEOUT_S

    def for_app(self, app: AppRef) -> Context:
        return self.entered(app, self.identity)

    def for_user(self, identity: Identity | None) -> Context:
        return self.entered(self.app, identity)

    # Written out, as _replace costs three times as much, and every request needs these.

    def entered(self, app: AppRef | None, identity: Identity | None) -> Context:
        """A copy for this app and caller. Who vouched for another one does not for these, but callers of the platform
        are vouched for in every app."""
        same = identity is self.identity and identity is not None and identity.via == "platform"
        return Context(
            self.trace_id, self.span_id, self.deadline, app, identity,
            self.ip, self.user_agent, self.cause, self.cause_depth, self.idempotency, self.grant if same else b"",
        )  # fmt: skip

    def under(self, span_id: str) -> Context:
        """A copy with another span as parent of what happens next."""
        return Context(
            self.trace_id, span_id, self.deadline, self.app, self.identity,
            self.ip, self.user_agent, self.cause, self.cause_depth, self.idempotency, self.grant,
        )  # fmt: skip

    def within(self, seconds: float) -> Context:
        """A copy whose deadline is at most `seconds` from now."""
        limit = clock.unix() + seconds
        return self._replace(deadline=min(self.deadline, limit) if self.deadline else limit)

    def until(self, deadline: float) -> Context:
        """A copy with another deadline, in Unix seconds."""
        return self._replace(deadline=deadline)

    def block(self) -> bytes:
        """This context as a block of NATS headers; W3C Trace Context for the trace."""
        return BLOCK % (
            self.trace_id.replace("-", "").encode(),
            self.span_id.encode(),
            self.deadline,
            _packed(
                self.app,
                self.identity,
                self.ip,
                self.user_agent,
                self.cause,
                self.cause_depth,
                self.idempotency,
                self.grant,
            ),
        )

    @classmethod
    def from_block(cls, block: bytes) -> Context:
        """The context that `block()` wrote, whatever headers stand around it. Raises ValueError if it is not ours."""
        match = BLOCK_FORM.search(block)
        if match is None or (match[1] + match[2]).strip(HEX):
            raise ValueError("no context of ours")
        parent, span, deadline, packed = match.groups()
        app, identity, ip, user_agent, cause, cause_depth, once, grant = _unpacked(packed)
        return cls(
            str(UUID(parent.decode())), span.decode(), float(deadline),
            app, identity, ip, user_agent, cause, cause_depth, once, grant,
        )  # fmt: skip


def system_context(seconds: float, app: AppRef | None = None) -> Context:
    """For what Rocket does by itself, within `seconds`: no request has led to it, and nobody sees its trace."""
    return Context(NO_TRACE, app=app, identity=SYSTEM).within(seconds)


_Unpacked = tuple[AppRef | None, Identity | None, str, str, str, int, IdempotencyKey | None, bytes]


@lru_cache(MAX_REMEMBERED)
def _packed(
    app: AppRef | None,
    identity: Identity | None,
    ip: str,
    user_agent: str,
    cause: str,
    cause_depth: int,
    once: IdempotencyKey | None,
    grant: bytes,
) -> bytes:
    """What a CONTEXT header says; a caller's next request says the same."""
    rest: dict[str, Any] = {"ip": ip, "ua": user_agent, "c": cause, "d": cause_depth}
    if app:
        rest["app"] = (app.id, app.name, app.database, app.server)
    if identity:
        rest["who"] = identity.packed()
    if once:
        rest["once"] = (once.key, once.request)
    if grant:
        rest["v"] = grant.decode()
    return orjson.dumps(rest)


@lru_cache(MAX_REMEMBERED)
def _unpacked(text: bytes) -> _Unpacked:
    """What `_packed` packed."""
    rest = orjson.loads(text)
    return (
        AppRef(*rest["app"]) if "app" in rest else None,
        Identity.unpacked(*rest["who"]) if "who" in rest else None,
        rest["ip"],
        rest["ua"],
        rest["c"],
        rest["d"],
        IdempotencyKey(*rest["once"]) if "once" in rest else None,
        rest.get("v", "").encode(),
    )
