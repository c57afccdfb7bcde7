"""The routing table as a tree: every route is found by its path, the most exact first, whatever their order."""

from __future__ import annotations

import re

import pytest

from services.gateway.routes import ROUTES
from services.gateway.routing.router import METHODS, Router

EXAMPLES = {"app": "shop", "entity": "order", "app_name": "shop-2"}


@pytest.fixture
def routes() -> Router[str]:
    table: Router[str] = Router()
    for route in ROUTES:
        table.add(route.method, route.path, f"{route.method} {route.path}")
    return table


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_found_by_a_path_of_its_own(routes: Router[str], route: object) -> None:
    method, path = route.method, route.path  # type: ignore[attr-defined]
    names = re.findall(r"\{(\w+)(?::[^/]*?)?\}(?=/|$)", path)
    values = {name: EXAMPLES.get(name, "0190b6c0") for name in names}
    filled = re.sub(r"\{(\w+)(?::[^/]*?)?\}(?=/|$)", lambda match: values[match[1]], path)
    assert routes.find(method, filled) == (f"{method} {path}", values)


def test_the_most_exact_route_answers() -> None:
    table: Router[str] = Router()
    for method, path in [
        ("GET", "/{app}/{entity:[a-z]+}"),
        ("POST", "/{app}/{entity:[a-z]+}"),
        ("GET", "/{app}/docs"),
        ("GET", "/{app}/{any}"),
        ("GET", "/{app}/{entity:[a-z]+}/{id}"),
    ]:
        table.add(method, path, f"{method} {path}")
    found = {
        ("GET", "/a/docs"): "GET /{app}/docs",
        ("POST", "/a/docs"): "POST /{app}/{entity:[a-z]+}",
        ("GET", "/a/x"): "GET /{app}/{entity:[a-z]+}",
        ("GET", "/a/_x"): "GET /{app}/{any}",
        ("GET", "/a/docs/1"): "GET /{app}/{entity:[a-z]+}/{id}",
    }
    assert {asked: (table.find(*asked) or ("",))[0] for asked in found} == found
    assert table.allowed("/a/docs") == {"GET", "POST"}


@pytest.mark.parametrize("path", ["", "/", "/a", "/a/", "//x", "/a/x/", "/a//1", "/a/x/1/2"])
def test_unknown_paths(path: str) -> None:
    table: Router[str] = Router()
    table.add("GET", "/{app}/{entity}/{id}", "record")
    table.add("GET", "/{app}/{entity}", "list")
    assert table.find("GET", path) is None
    assert table.allowed(path) == set()


def test_encoded_slashes_and_percent_signs_stay_within_a_segment() -> None:
    table: Router[str] = Router()
    table.add("GET", "/{app}/{id}", "record")
    assert table.find("GET", "/a/x%2Fy%25z") == ("record", {"app": "a", "id": "x/y%z"})


def test_a_path_is_answered_by_one_handler() -> None:
    table: Router[str] = Router()
    table.add("GET", "/{app}", "one")
    with pytest.raises(ValueError, match="answered already"):
        table.add("GET", "/{app}", "two")
    assert set(METHODS) >= {route.method for route in ROUTES}
