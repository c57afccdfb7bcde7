"""The demo app's document, and its installation over the REST API."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from deploy.embedded import demo

DOCUMENT: dict[str, Any] = json.loads(demo.DOCUMENT.read_text(encoding="utf-8"))
FIELDS = {e["name"]: {field["name"]: field for field in e["fields"]} for e in DOCUMENT["entities"]}


class StandIn:
    """Keeps apps and what is imported; an app that is there is a 409."""

    def __init__(self) -> None:
        self.apps: list[str] = []
        self.imports: list[dict[str, Any]] = []
        self.afterwards: list[tuple[str, str]] = []
        self.refuses_imports = False

    async def post(self, request: web.Request) -> web.Response:
        """Logs in, makes an app, imports."""
        if self.imports and not request.path.startswith("/api/_platform/"):
            self.afterwards.append((request.method, request.path.removeprefix("/api/demo")))
            return web.json_response({"data": {}})
        body = await request.json()
        if request.path == "/api/_platform/auth/login":
            return web.json_response({"data": {"access_token": "token"}})
        assert request.headers["Authorization"] == "Bearer token"
        if request.path == "/api/_platform/apps":
            if body["name"] in self.apps:
                return web.json_response({"error": {"code": "CONFLICT"}}, status=409)
            self.apps.append(body["name"])
            return web.json_response({"data": body}, status=201)
        assert request.path == "/api/demo/_admin/import"
        if self.refuses_imports:
            return web.json_response({"error": {"code": "VALIDATION_FAILED"}}, status=422)
        self.imports.append(body)
        return web.json_response({"data": {}})

    async def get(self, request: web.Request) -> web.Response:
        """Lists the entities there are."""
        assert request.path == "/api/demo/_admin/entities"
        return web.json_response({"data": [{"name": e["name"]} for body in self.imports for e in body["entities"]]})


@pytest.fixture
def api() -> StandIn:
    """An API without apps."""
    return StandIn()


@pytest.fixture
async def url(api: StandIn) -> AsyncIterator[str]:
    """Where it is."""
    application = web.Application()
    application.add_routes([web.get("/{path:.*}", api.get), web.route("*", "/{path:.*}", api.post)])
    async with TestServer(application) as server:
        yield str(server.make_url("")).rstrip("/")


async def test_the_document_is_imported_whole(api: StandIn, url: str) -> None:
    await demo.install(url)
    assert api.apps == ["demo"]
    wanted = demo.load(url)
    steps = wanted.pop("afterwards")
    del wanted["app"]
    assert api.imports == [wanted]
    assert api.afterwards == [(step.get("method", "POST"), step["path"]) for step in steps]


async def test_a_second_install_adds_nothing(api: StandIn, url: str) -> None:
    await demo.install(url)
    done = list(api.afterwards)
    await demo.install(url)
    assert len(api.imports) == 1
    assert api.afterwards == done


async def test_an_interrupted_install_is_completed(api: StandIn, url: str) -> None:
    api.refuses_imports = True
    with pytest.raises(demo.DemoFailed, match="/api/demo/_admin/import: 422"):
        await demo.install(url)
    api.refuses_imports = False
    await demo.install(url)
    assert len(api.imports) == 1


@pytest.mark.parametrize("entity", list(DOCUMENT["sample_data"]))
def test_sample_records_fit_their_entities(entity: str) -> None:
    for record in DOCUMENT["sample_data"][entity]:
        assert record.keys() <= FIELDS[entity].keys()
        for name, value in record.items():
            assert value in FIELDS[entity][name].get("enum", [value])


@pytest.mark.parametrize("relation", DOCUMENT["relations"], ids=lambda relation: str(relation["name"]))
def test_relations_and_their_links_hold(relation: dict[str, Any]) -> None:
    records = DOCUMENT["sample_data"]
    sources = {record["id"] for record in records[relation["source"]]}
    key = relation["target_key"]
    links = {record[key] for record in records[relation["target"]] if key in record}
    assert links
    assert links <= sources


def test_workflows_and_rules_name_what_exists() -> None:
    for workflow in DOCUMENT["workflows"]:
        trigger = workflow["trigger"]
        assert trigger["to"] in FIELDS[trigger["entity"]][trigger["field"]]["enum"]
        actions = [action for step in workflow["steps"] for action in step.get("actions", [])]
        assert all(action["field"] in FIELDS[action["entity"]] for action in actions)
    assert all(rule["entity"] in FIELDS for rule in DOCUMENT["notification_rules"])
