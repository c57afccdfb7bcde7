"""The demo app's document, and how it is installed over the REST API (here: a stand-in that keeps rows)."""

import json
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from deploy.embedded import demo

DOCUMENT: dict[str, Any] = json.loads(demo.DOCUMENT.read_text(encoding="utf-8"))
FIELDS = {e["name"]: {field["name"]: field for field in e["fields"]} for e in DOCUMENT["entities"]}


class StandIn:
    """Keeps what is posted per path; a second thing with the same name or natural key is a 409."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.refused_path = ""

    async def post(self, request: web.Request) -> web.Response:
        """Adds a row."""
        path, body = request.path, await request.json()
        if path == "/api/_platform/auth/login":
            return web.json_response({"data": {"access_token": "token"}})
        assert request.headers["Authorization"] == "Bearer token"
        if path == self.refused_path:
            return web.json_response({"error": {"code": "VALIDATION_FAILED"}}, status=422)
        key = demo.NATURAL_KEYS.get(path.rpartition("/")[2], "name")
        if any(key in body and row[key] == body[key] for row in self.rows[path]):
            return web.json_response({"error": {"code": "CONFLICT"}}, status=409)
        self.rows[path].append({**body, "id": str(uuid.uuid4())})
        return web.json_response({"data": self.rows[path][-1]}, status=201)

    async def get(self, request: web.Request) -> web.Response:
        """Lists rows, by the filters given."""
        wanted = {name[len("filter[") : -1]: value for name, value in request.query.items()}
        rows = [row for row in self.rows[request.path] if wanted.items() <= row.items()]
        return web.json_response({"data": rows})


@pytest.fixture
def api() -> StandIn:
    """An API without apps."""
    return StandIn()


@pytest.fixture
async def url(api: StandIn) -> AsyncIterator[str]:
    """Where it is."""
    application = web.Application()
    application.add_routes([web.post("/{path:.*}", api.post), web.get("/{path:.*}", api.get)])
    async with TestServer(application) as server:
        yield str(server.make_url("")).rstrip("/")


async def test_everything_is_made_and_links_are_ids(api: StandIn, url: str) -> None:
    await demo.install(url)
    for entity, records in DOCUMENT["records"].items():
        assert len(api.rows[f"/api/demo/{entity}"]) == len(records)
    companies = {row["id"] for row in api.rows["/api/demo/company"]}
    assert {row["company_id"] for row in api.rows["/api/demo/deal"]} <= companies


async def test_a_second_start_adds_nothing(api: StandIn, url: str) -> None:
    await demo.install(url)
    before = {path: list(rows) for path, rows in api.rows.items()}
    await demo.install(url)
    assert {path: rows for path, rows in api.rows.items() if rows} == before


async def test_an_interrupted_install_is_completed(api: StandIn, url: str) -> None:
    await demo.install(url)
    complete = {path: len(rows) for path, rows in api.rows.items()}
    api.rows.clear()
    api.refused_path = "/api/demo/activity"
    with pytest.raises(demo.DemoFailed, match="/api/demo/activity: 422"):
        await demo.install(url)
    api.refused_path = ""
    await demo.install(url)
    assert {path: len(rows) for path, rows in api.rows.items()} == complete


@pytest.mark.parametrize("entity", list(DOCUMENT["records"]))
def test_sample_records_fit_their_entities(entity: str) -> None:
    for record in DOCUMENT["records"][entity]:
        assert record.keys() <= FIELDS[entity].keys()
        for name, value in record.items():
            assert value in FIELDS[entity][name].get("enum", [value])


def test_workflows_and_rules_name_what_exists() -> None:
    for workflow in DOCUMENT["workflows"]:
        trigger = workflow["trigger"]
        assert trigger["to"] in FIELDS[trigger["entity"]][trigger["field"]]["enum"]
        actions = [action for step in workflow["steps"] for action in step["actions"]]
        assert all(action["field"] in FIELDS[action["entity"]] for action in actions)
    assert all(rule["entity"] in FIELDS for rule in DOCUMENT["notification_rules"])
