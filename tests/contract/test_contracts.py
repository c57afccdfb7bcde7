"""Each request has one subject and one owner, and survives the codec."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.shared import contracts
from libs.shared.bus.codec import decode, encode, pack, unpack
from libs.shared.contracts.effect_previews import PreviewEffects
from libs.shared.contracts.figures import CountDeadLetters, CountFigures
from libs.shared.contracts.messages import Announcement, Request, Response, Writes, has_body
from libs.shared.contracts.notifications import PreviewDraft, PreviewTemplate, TestChannel
from libs.shared.contracts.operations import (
    SERVICES,
    CheckReadiness,
    DiscardDeadLetter,
    GetReplay,
    ListDeadLetters,
    ListProjections,
    ReadSignals,
    ReplayDeadLetter,
    StartReplay,
    of,
    relay_hint,
)
from libs.shared.contracts.subscribers import CreateSubscriber
from libs.shared.contracts.trials import TryMachine, TryRule
from libs.shared.contracts.workflow_reads import SimulateWorkflow
from libs.shared.runtime import Service
from services.gateway.routes import ROUTES
from services.gateway.routing.route import HEADERS, Local, Route
from services.gateway.routing.router import Router

COMMON: tuple[type[Request[Any]], ...] = (
    CheckReadiness, ListDeadLetters, ReplayDeadLetter, DiscardDeadLetter, ListProjections, StartReplay, GetReplay,
    ReadSignals, CountDeadLetters,
)  # fmt: skip
"""Asked of a service by its name; the runtime answers them for all."""

OF_SOME: Mapping[type[Request[Any]], Sequence[str]] = {
    CountFigures: ("data", "workflow", "webhook", "notify"),
    PreviewEffects: ("workflow", "webhook", "notify"),
}
"""Asked of a service by its name; these answer them."""

MODULES = [importlib.import_module(f"{contracts.__name__}.{m.name}") for m in pkgutil.iter_modules(contracts.__path__)]
SERVICE_OF: dict[str, Service[Any]] = {
    name: importlib.import_module(f"services.{name}.service").SERVICE for name in SERVICES
}


def declared(base: type[Any]) -> list[type[Any]]:
    """The subclasses of `base` that the contracts' modules declare."""
    found = {
        thing
        for module in MODULES
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, base) and thing is not base
    }
    return sorted(found, key=lambda kind: kind.__qualname__)


ASKS = [kind for kind in declared(Request) if kind not in (*COMMON, *OF_SOME)]
VARIANTS = [
    *(of(service, kind) for service in SERVICES for kind in COMMON),
    *(of(service, kind) for kind, services in OF_SOME.items() for service in services),
]
LOOKING = (TryRule, TryMachine, SimulateWorkflow, PreviewDraft, PreviewTemplate)
"""Questions that change nothing and are posted, as they don't fit a URL."""
UNREPEATABLE = (CreateSubscriber,)
"""Their answers hold a secret that is kept nowhere, so they can't be answered again."""
SENT_AT_ONCE = (TestChannel,)
"""Their messages are kept nowhere: a repeated request is another test."""
FORWARDED = [route for route in ROUTES if not isinstance(route.target, Local)]


def label(thing: Any) -> str:
    return f"{thing.method} {thing.path}" if isinstance(thing, Route) else thing.__name__


def test_subjects_are_unique_and_well_formed() -> None:
    announcements = [kind for kind in declared(Announcement) if "name" in vars(kind)]
    hints = [relay_hint(service) for service in SERVICES]
    assert len(ASKS) > 30 and len(announcements) > 2
    addresses = [kind.address() for kind in (*ASKS, *VARIANTS, *announcements, *hints)]
    assert [address for address, times in Counter(addresses).items() if times > 1] == []
    # No wildcards, and no service called as announcements are addressed.
    assert [a for a in addresses if not re.fullmatch(r"rocket(\.[a-z][a-z0-9_]*)+", a)] == []
    assert "announce" not in SERVICES
    # Endpoints are named by their question in NATS's own listings, so these must differ too.
    named = [(kind.service, kind.name.replace(".", "-")) for kind in (*ASKS, *VARIANTS)]
    assert len(set(named)) == len(named)


@pytest.mark.parametrize("kind", ASKS, ids=label)
def test_a_request_is_answered_by_its_owner_only(kind: type[Request[Any]]) -> None:
    assert [name for name, service in SERVICE_OF.items() if kind in service.endpoints] == [kind.service]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_answers_declared_requests_only(name: str) -> None:
    assert SERVICE_OF[name].name == name
    of_some = {of(name, kind) for kind, services in OF_SOME.items() if name in services}
    assert {kind for kind in SERVICE_OF[name].endpoints if kind not in ASKS} == of_some
    assert {c.stream.name for c in SERVICE_OF[name].consumers} <= {"COMMITS", "SIGNALS", "TELEMETRY"}


def test_each_contract_variant_is_created_once() -> None:
    assert of("data", CheckReadiness) is of("data", CheckReadiness)
    assert of("data", CheckReadiness) is not of("events", CheckReadiness)
    assert relay_hint("data") is relay_hint("data")


MESSAGES = sorted({*ASKS, *VARIANTS, *(kind.reply for kind in ASKS if kind.reply is not Response)}, key=label)


@pytest.mark.parametrize("kind", MESSAGES, ids=label)
@given(data=st.data())
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_messages_survive_the_codec(kind: type[Any], data: st.DataObject) -> None:
    assert dataclasses.is_dataclass(kind)
    hints = get_type_hints(kind)
    values = {field.name: data.draw(_values(hints[field.name])) for field in dataclasses.fields(kind)}
    message = kind(**values)
    head, body = encode(message)
    assert body == values.get("body", b"")
    again = decode(kind, *unpack(pack(head, body)))
    assert again == message
    assert has_body(kind) == ("body" in values)


def _values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a field, of those types that contracts use."""
    arguments = [_values(argument) for argument in get_args(hint) if argument is not ...]
    match get_origin(hint):
        case origin if origin is dict:
            return st.dictionaries(*arguments, max_size=2)
        case origin if origin is list:
            return st.lists(*arguments, max_size=2)
        case origin if origin is tuple:
            return st.tuples(*arguments).map(list)
        case None:
            return SCALARS[hint]
    return st.one_of(arguments)


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_INTEGERS = st.integers(-(2**53), 2**53)
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    Any: st.none() | st.booleans() | _INTEGERS | _TEXT | st.lists(_TEXT, max_size=1),
    str: _TEXT,
    int: _INTEGERS,
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
    bytes: st.binary(max_size=8) | st.binary(max_size=8).map(lambda raw: b"\n" + raw),
}


@pytest.mark.parametrize("route", FORWARDED, ids=label)
def test_a_route_fills_its_contract(route: Route) -> None:
    assert isinstance(route.target, type) and route.target in ASKS
    in_path = set(re.findall(r"\{(\w+)", route.path)) - {"app"}
    names = {field.name for field in dataclasses.fields(route.target)}
    # Everything in the path is wanted, and everything wanted is in the request.
    assert in_path <= names
    assert names - in_path <= {"query", "body", *HEADERS}
    assert route.target.reply is Response
    # Deleting many records takes the list of them.
    deletes_many = route.method == "DELETE" and route.path.endswith("/_bulk")
    assert "body" not in names or route.method in ("POST", "PUT", "PATCH") or deletes_many


@pytest.mark.parametrize("route", FORWARDED, ids=label)
def test_writing_routes_honour_an_idempotency_key(route: Route) -> None:
    assert isinstance(route.target, type)
    reads = route.method == "GET" or route.target in LOOKING + UNREPEATABLE + SENT_AT_ONCE
    assert (route.target.writes is not Writes.NOTHING) == (not reads)


def test_a_route_is_not_hidden_by_another() -> None:
    table: Router[Route] = Router()
    for route in ROUTES:
        table.add(route.method, route.path, route)
    for route in ROUTES:
        found = table.find(route.method, re.sub(r"\{\w+(:[^}]*)?\}", "some", route.path))
        assert found is not None and found[0] is route, f"{label(route)} is answered by {found and label(found[0])}"
