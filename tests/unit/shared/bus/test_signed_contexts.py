"""Contexts that a gateway has signed, and those that nobody vouches for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from libs.shared import clock
from libs.shared.bus.rpc import signed_contexts
from libs.shared.bus.rpc.signed_contexts import (
    MAX_CLOCK_SKEW_S,
    RENEW_KEY_S,
    VALIDITY_SLOT_S,
    ContextSigner,
    ContextVerifier,
)
from libs.shared.contracts.context import SYSTEM, AppRef, Context, Identity
from libs.shared.errors import RocketError

TRACE = "0190b6c0-0000-7000-8000-000000000000"
APP = AppRef(TRACE, "shop", "rocket_shop")
OTHER = replace(APP, id=TRACE[:-1] + "1")
ANN = Identity("ann", "ann@example.org", ("sales",))
ROOT = Identity("root", "", ("admin",), via="platform")
CLERK = Identity("clerk", "", ("clerk",), via="workflow", on_behalf_of="clerk")


class Keys:
    """The table of public halves, in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}
        self.looks = 0
        self.away = False

    async def execute(self, query: str, *values: Any) -> None:
        if self.away:
            raise ConnectionError
        if query == signed_contexts.PUBLISH:
            self.rows[values[0]] = values[1]

    async def fetchval(self, query: str, *values: Any) -> Any:
        assert query == signed_contexts.FIND
        self.looks += 1
        return self.rows.get(values[0])


@pytest.fixture
def keys() -> Keys:
    return Keys()


async def sent(signer: ContextSigner, app: AppRef | None, identity: Identity | None) -> Context:
    """A context as it arrives."""
    return Context.from_block((await signer.signed(Context(TRACE, app=app, identity=identity))).block())


async def refused(verifier: ContextVerifier, context: Context, by_services: bool = False) -> bool:
    try:
        await verifier.check(context, by_services)
    except RocketError as error:
        assert error.code == "FORBIDDEN"
        return True
    return False


async def test_signed_contexts_are_verified_once(keys: Keys) -> None:
    signer, verifier = ContextSigner(keys), ContextVerifier(keys)
    for app in (APP, OTHER, None):
        for identity in (ANN, ROOT, SYSTEM, None):
            context = await sent(signer, app, identity)
            assert (context.app, context.identity) == (app, identity)
            assert not await refused(verifier, context)
            assert not await refused(verifier, Context.from_block(context.block())), "handed on"
    assert keys.looks == 1 and len(keys.rows) == 1


async def test_unsigned_contexts_are_refused(keys: Keys) -> None:
    signer, verifier, stranger = ContextSigner(keys), ContextVerifier(keys), ContextSigner(Keys())
    context = await sent(signer, APP, ANN)
    assert not await refused(verifier, context)
    grant = context.grant
    name, ends, signature = grant.split(b".")
    changed: list[dict[str, Any]] = [
        {"identity": replace(ANN, roles=("admin",))}, {"identity": replace(ANN, id="bob")}, {"identity": SYSTEM},
        {"identity": replace(ANN, via="platform")}, {"identity": replace(ANN, scopes=(("*", ("read",)),))},
        {"identity": None}, {"app": OTHER}, {"app": replace(APP, database="rocket_other")}, {"app": None},
        {"grant": b""}, {"grant": b"x"}, {"grant": b"a.b.c"}, {"grant": b"%b.%d.%b" % (name, int(ends) + 1, signature)},
        {"grant": b"%b.%b.AAAA" % (name, ends)}, {"grant": b"%b.%b.%b" % (b"0" * 16, ends, signature)},
        {"grant": (await sent(stranger, APP, ANN)).grant}, {"grant": b"\xff.1.AAAA"},
    ]  # fmt: skip
    assert [change for change in changed if not await refused(verifier, context._replace(**change))] == []
    assert not await refused(verifier, context._replace(ip="1.2.3.4", cause="undo"))


async def test_platform_users_are_signed_for_every_app(keys: Keys) -> None:
    verifier = ContextVerifier(keys)
    context = await sent(ContextSigner(keys), None, ROOT)
    assert not await refused(verifier, context.for_app(OTHER))
    assert await refused(verifier, context.for_app(OTHER).for_user(ANN))
    assert (await sent(ContextSigner(keys), APP, ANN)).for_app(OTHER).grant == b""


async def test_a_signature_expires(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    verifier, now = ContextVerifier(keys), clock.unix()
    context = await sent(ContextSigner(keys), APP, ANN)
    assert not await refused(verifier, context)
    monkeypatch.setattr(clock, "unix", lambda: now + 2 * VALIDITY_SLOT_S + MAX_CLOCK_SKEW_S + 1)
    assert await refused(verifier, context) and await refused(ContextVerifier(keys), context)


async def test_the_former_key_is_valid_while_renewal_fails(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    signer, now = ContextSigner(keys), clock.unix()
    await sent(signer, APP, ANN)
    monkeypatch.setattr(clock, "unix", lambda: now + RENEW_KEY_S + 1)
    keys.away = True
    assert not await refused(ContextVerifier(keys), await sent(signer, APP, ANN))
    keys.away = False
    monkeypatch.setattr(clock, "unix", lambda: now + RENEW_KEY_S + VALIDITY_SLOT_S + 2)
    assert not await refused(ContextVerifier(keys), await sent(signer, APP, ANN))
    assert len(keys.rows) == 2


async def test_services_may_send_permitted_requests_without_a_caller(keys: Keys) -> None:
    verifier = ContextVerifier(keys)
    for identity in (SYSTEM, CLERK, None):
        own = Context(TRACE, app=APP, identity=identity)
        assert not await refused(verifier, own, by_services=True)
        assert await refused(verifier, own)
    for identity in (ANN, ROOT, replace(SYSTEM, id="other")):
        assert await refused(verifier, Context(TRACE, app=APP, identity=identity), by_services=True)
