"""Every question has one subject, one owner that answers it, and comes through the wire as it was."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
from collections import Counter
from typing import Any, get_type_hints

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.shared import contracts
from libs.shared.bus.frames import decode, encode, pack, unpack
from libs.shared.contracts.messages import Announcement, Answer, Ask, has_body
from libs.shared.contracts.operations import (
    SERVICES,
    CheckReadiness,
    ListDeadLetters,
    ReplayDeadLetter,
    of,
    relay_hint,
)
from libs.shared.runtime import Service
from services.gateway.http.forwarding import HEADERS
from services.gateway.routes import ROUTES, Local, Route

COMMON: tuple[type[Ask[Any]], ...] = (CheckReadiness, ListDeadLetters, ReplayDeadLetter)
"""Asked of a service by its name; the runtime answers them for all."""

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


ASKS = [kind for kind in declared(Ask) if kind not in COMMON]
VARIANTS = [of(service, kind) for service in SERVICES for kind in COMMON]
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
def test_a_question_is_answered_by_its_owner_alone(kind: type[Ask[Any]]) -> None:
    assert [name for name, service in SERVICE_OF.items() if kind in service.endpoints] == [kind.service]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_answers_only_what_is_declared(name: str) -> None:
    assert SERVICE_OF[name].name == name
    assert [kind for kind in SERVICE_OF[name].endpoints if kind not in ASKS] == []
    assert {c.stream.name for c in SERVICE_OF[name].consumers} <= {"COMMITS", "SIGNALS", "TELEMETRY"}


def test_variants_are_made_once() -> None:
    assert of("data", CheckReadiness) is of("data", CheckReadiness)
    assert of("data", CheckReadiness) is not of("events", CheckReadiness)
    assert relay_hint("data") is relay_hint("data")


MESSAGES = sorted({*ASKS, *VARIANTS, *(kind.reply for kind in ASKS if kind.reply is not Answer)}, key=label)


@pytest.mark.parametrize("kind", MESSAGES, ids=label)
@given(data=st.data())
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_a_message_comes_through_as_it_was(kind: type[Any], data: st.DataObject) -> None:
    assert dataclasses.is_dataclass(kind)
    hints = get_type_hints(kind)
    values = {field.name: data.draw(_values(hints[field.name])) for field in dataclasses.fields(kind)}
    message = kind(**values)
    head, body = encode(message)
    assert body == values.get("body", b"")
    again = decode(kind, *unpack(pack(head, body)))
    # Pairs arrive as JSON has them: lists.
    assert orjson.dumps(encode(again)[0]) == orjson.dumps(head)
    assert not has_body(kind) or again.body == body
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(message, next(iter(values), "any"), None)


def _values(hint: Any) -> st.SearchStrategy[Any]:
    if hint is Any:
        return st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXT
    return st.binary(max_size=8).map(lambda raw: b"\n" + raw) if hint is bytes else st.from_type(hint)


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
st.register_type_strategy(str, _TEXT)
st.register_type_strategy(int, st.integers(-(2**53), 2**53))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


@pytest.mark.parametrize("route", FORWARDED, ids=label)
def test_a_route_fills_its_contract(route: Route) -> None:
    assert isinstance(route.target, type) and route.target in ASKS
    in_path = set(re.findall(r"\{(\w+)", route.path)) - {"app"}
    names = {field.name for field in dataclasses.fields(route.target)}  # type: ignore[arg-type]
    # Everything in the path is wanted, and everything wanted is in the request.
    assert in_path <= names
    assert names - in_path <= {"query", "body", *HEADERS}
    assert route.target.reply is Answer
    assert "body" not in names or route.method in ("POST", "PUT", "PATCH")


def test_a_route_is_not_hidden_by_an_earlier_one() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
    for number, route in enumerate(ROUTES):
        example = re.sub(r"\{(\w+)(:[^}]*)?\}", "Word", route.path)
        earlier = [r for r in ROUTES[:number] if r.method == route.method]
        hiding = [r.path for r in earlier if re.fullmatch(re.sub(r"\{\w+(:[^}]*)?\}", "[^/]+", r.path), example)]
        assert not [path for path in hiding if "{kind}" not in path and "_platform" not in path], route.path
