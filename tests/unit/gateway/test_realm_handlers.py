"""Operations of identity as handlers: each argument comes from where its name says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast, get_type_hints

import pytest
from aiohttp.test_utils import make_mocked_request

from libs.shared.contracts.bodies import RequestBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.parameters import taking
from services.gateway.http.realm_handlers import in_realm
from services.gateway.identity.realms import Realm
from services.gateway.routes import ROUTES
from services.gateway.routing.route import Local, Route

CONTEXT = Context("trace")
STATE = SimpleNamespace(accounts=SimpleNamespace(realm=lambda app: ("realm", app)))


class NameBody(RequestBody):
    """A body for these tests."""

    name: str


def request(path: str, **variables: str) -> Any:
    made = make_mocked_request("POST", path)
    return SimpleNamespace(match_info=variables, query=made.query)


async def plain(realm: Realm, context: Context) -> Response:
    return Response(body=repr(realm).encode())


async def with_id(realm: Realm, context: Context, user_id: str, body: NameBody) -> Response:
    return Response(body=f"{user_id} {body.name}".encode())


async def with_parameter(realm: Realm, context: Context, keep: str | None) -> Response:
    return Response(body=str(keep).encode())


async def answered(local: Local, sent: Any, *body: RequestBody) -> bytes:
    response = await local.handler(cast(Any, STATE), sent, CONTEXT, *body)
    assert isinstance(response, Response)
    return response.body


async def test_a_path_without_an_id_needs_none() -> None:
    assert await answered(in_realm(plain), request("/")) == b"('realm', None)"


async def test_ids_and_bodies_are_passed_on() -> None:
    assert await answered(in_realm(with_id, NameBody), request("/", id="7"), NameBody(name="x")) == b"7 x"


@pytest.mark.parametrize(("query", "value"), [("", b"None"), ("?keep=current", b"current")])
async def test_parameters_of_the_query_are_passed_on(query: str, value: bytes) -> None:
    assert await answered(in_realm(with_parameter, parameters=taking("keep")), request(f"/{query}")) == value


OF_ROUTES = [route for route in ROUTES if isinstance(route.target, Local)]


@pytest.mark.parametrize("route", OF_ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_the_model_of_a_route_is_the_one_that_its_handler_takes(route: Route) -> None:
    assert isinstance(route.target, Local)
    handler = getattr(route.target.handler, "__wrapped__", route.target.handler)
    assert get_type_hints(handler).get("body") is route.body
