"""Health, readiness, metrics, and dead letters of all services."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson
from aiohttp import web

from libs.shared.contracts.context import SYSTEM, Context
from libs.shared.contracts.messages import Request, Response
from libs.shared.contracts.operations import (
    SERVICES,
    WITH_CONSUMERS,
    CheckReadiness,
    DiscardDeadLetter,
    ListDeadLetters,
    Readiness,
    ReplayDeadLetter,
    of,
)
from libs.shared.errors import RocketError, not_found
from libs.shared.runtime.health import readiness
from libs.shared.runtime.process_metrics import health_samples, process_samples
from libs.shared.telemetry.metrics import CONTENT_TYPE, MetricSample, render, sample
from services.gateway.identity.revocations import STALE_S
from services.gateway.identity.store.users import has_any
from services.gateway.state import State

TIMEOUT_S = 3.0
"""For the answer of each service."""


async def health(state: State, request: web.Request, context: Context) -> Response:
    """The gateway is alive."""
    return Response(body=b'{"status":"ok"}')


async def ready(state: State, request: web.Request, context: Context) -> Response:
    """200 when every service is ready, else 503; with what each one says. `?self`: this gateway alone."""
    states = await state.readiness.states("self" in request.query, lambda alone: _checked(state, context, alone))
    body = {
        "ready": all(s.ready for s in states.values()),
        "services": {
            name: {"ready": s.ready, "checks": s.checks, "lag": s.lag, "position": s.position}
            for name, s in states.items()
        },
        "degraded": [each for s in states.values() for each in s.degraded],
    }
    return Response(200 if body["ready"] else 503, orjson.dumps(body))


async def metrics(state: State, request: web.Request, context: Context) -> Response:
    """Metrics for Prometheus: of this gateway, and the health of all services. Each process has its own at its port."""
    states = await _states(state, context)
    groups: list[tuple[str, Iterable[MetricSample]]] = [(name, health_samples(each)) for name, each in states.items()]
    groups.append(("gateway", [*_own(state), *await process_samples(state.core)]))
    return Response(body=render(groups).encode(), headers={"Content-Type": CONTENT_TYPE})


def _own(state: State) -> Iterator[MetricSample]:
    """This gateway's counters of imports, logins and limits."""
    work, accounts = state.imports, state.accounts
    yield sample("rocket_imports_running", work.running)
    yield sample("rocket_imported_rows_total", work.rows)
    yield sample("rocket_imports_interrupted_total", work.interrupted)
    yield sample("rocket_password_checks_total", accounts.passwords.checks)
    yield sample("rocket_logins_throttled_total", accounts.counters.throttled)
    yield sample("rocket_identity_mails_lost_total", accounts.counters.mails_lost)
    if state.limiter:
        for kind, count in state.limiter.refused.items():
            yield sample("rocket_rate_limited_total", count, kind=kind)


async def dead_letters(state: State, request: web.Request, context: Context) -> Response:
    """Dead letters of all services; a service that does not answer is named under `unavailable`."""
    answers = await asyncio.gather(*(_letters(state, context, name) for name in WITH_CONSUMERS))
    letters: list[Any] = [letter for found in answers if found is not None for letter in found]
    away = [name for name, found in zip(WITH_CONSUMERS, answers, strict=True) if found is None]
    letters.sort(key=lambda letter: str(letter["parked_at"]), reverse=True)
    return Response(body=orjson.dumps({"data": letters, "meta": {"total": len(letters), "unavailable": away}}))


async def replay(state: State, request: web.Request, context: Context) -> Response:
    """Handle a dead letter again, and the later ones of its record."""
    return await _about_letter(state, request, context, ReplayDeadLetter)


async def discard(state: State, request: web.Request, context: Context) -> Response:
    """Discard a dead letter. The later ones of its record can then be replayed."""
    return await _about_letter(state, request, context, DiscardDeadLetter)


async def _about_letter(
    state: State, request: web.Request, context: Context, kind: type[Request[Response]]
) -> Response:
    service = request.match_info["service"]
    if service not in WITH_CONSUMERS:
        raise not_found("Dead letter")
    rpc_request: Callable[[str], Request[Response]] = of(service, kind)
    return await state.core.rpc.request(rpc_request(request.match_info["id"]), context)


async def _letters(state: State, context: Context, service: str) -> list[Any] | None:
    try:
        answer: Response = await state.core.rpc.request(of(service, ListDeadLetters)(), context)
    except RocketError:
        return None
    letters: list[Any] = orjson.loads(answer.body)["data"]
    return letters


async def _checked(state: State, context: Context, alone: bool) -> dict[str, Readiness]:
    return {state.core.name: await _own_state(state)} if alone else await _states(state, context)


async def _states(state: State, context: Context) -> dict[str, Readiness]:
    others = [name for name in SERVICES if name != state.core.name]
    asked = context.for_user(SYSTEM).within(TIMEOUT_S)
    found = await asyncio.gather(*(_state_of(state, asked, name) for name in others))
    return {state.core.name: await _own_state(state), **dict(zip(others, found, strict=True))}


async def _own_state(state: State) -> Readiness:
    """Ready means also that the platform has an account, and that revocations are read."""
    own = await readiness(state.core, {"relay": state.accounts.transactions.relay.lag}, {})
    try:
        seeded = await has_any(state.core.databases.platform)
    except RocketError:
        return own
    age = state.accounts.revocations.age()
    fresh = age < STALE_S
    checks = {
        **own.checks,
        "platform account": "ok" if seeded else "not made yet",
        "revocations": "ok" if fresh else "not read yet" if age == float("inf") else f"last read {age:.0f} s ago",
    }
    return Readiness(own.ready and seeded and fresh, checks, own.lag, degraded=own.degraded)


async def _state_of(state: State, context: Context, service: str) -> Readiness:
    try:
        answer: Readiness = await state.core.rpc.request(of(service, CheckReadiness)(), context)
    except RocketError as error:
        return Readiness(False, {"service": error.message})
    return answer
