"""Unknown query parameters are refused on every route."""

from __future__ import annotations

import re
import uuid

import pytest

from libs.shared.parameters import Parameters
from services.gateway.routes import ROUTES
from services.gateway.routing.core_routes import CORE
from services.gateway.routing.route import Access, Route
from tests.support.client import Client, entity, integer, text
from tests.support.relations import make

VARIABLE = re.compile(r"\{(\w+)(?::[^}]+)?\}")
UNREADABLE = (
    "filter[status][eq]=open",
    "filer[status]=open",
    "filter[status=open",
    "filter=open",
    "filter",
    "having[count][gt]=1",
    "filter[]=",
)
TICKET = entity("ticket", text("status"), integer("page"), integer("sort"), soft_delete=True)
READS = (
    "/ticket", "/ticket/{id}", "/ticket/_aggregate", "/ticket/_export", "/ticket/_live", "/ticket/{id}/history",
)  # fmt: skip
"""Routes that know the fields of an entity."""


@pytest.fixture(scope="module")
async def admin(common_admin: Client) -> Client:
    await common_admin.define(TICKET)
    return common_admin


def is_open(route: Route) -> bool:
    return route.access in (Access.USER, Access.ADMIN) or route.path.endswith("/_live")


def path_of(route: Route) -> str:
    values = {"app": "", "entity": "ticket", "kind": "rules"}
    return VARIABLE.sub(lambda found: values.get(found[1], str(uuid.uuid4())), route.path.removeprefix("/api/{app}"))


OF_APPS = [route for route in ROUTES if route.path.startswith("/api/{app}/") and is_open(route)]


def test_the_routing_table_is_complete() -> None:
    assert len(OF_APPS) > 90
    assert {(route.method, route.path) for route in ROUTES} >= CORE
    listing = [route for route in ROUTES if route.parameters.filters]
    assert {VARIABLE.sub("x", route.path) for route in listing} >= {
        "/api/x/x", "/api/x/x/_export", "/api/x/x/_aggregate", "/api/x/x/_live"
    }  # fmt: skip


@pytest.mark.parametrize("condition", UNREADABLE)
async def test_unknown_conditions_are_refused_on_every_route(admin: Client, condition: str) -> None:
    dropped = []
    for route in OF_APPS:
        # Nothing is there to be changed: a route that ignores the condition answers something else.
        reply = await admin.request(route.method, f"{path_of(route)}?{condition}")
        body = reply.body if reply.body is not None else {}
        if reply.status != 400 or (body and reply.code != "UNKNOWN_FIELD"):
            dropped.append((route.method, route.path, reply.status))
    assert dropped == []


async def test_only_lists_take_filters_and_only_aggregates_having(admin: Client) -> None:
    for route in OF_APPS:
        for word, taken in (
            ("filter[status]", route.parameters.filters),
            ("having[count.gt]", route.parameters.having),
        ):
            if not taken:
                reply = await admin.request(route.method, f"{path_of(route)}?{word}=1")
                assert reply.status == 400, (word, route.method, route.path)


async def test_unknown_parameters_by_part_of_the_api(admin: Client) -> None:
    for route in OF_APPS:
        if not route.path.endswith("/_live"):
            reply = await admin.request(route.method, f"{path_of(route)}?whatever=1")
            refused = reply.status == 400 and "whatever" in str(reply.body)
            reads = route.parameters != Parameters(core=route.parameters.core)
            looked_at = not route.parameters.core and (reads or not route.parameters.of_records)
            assert refused == looked_at, (route.method, route.path, reply.status, reply.body)


@pytest.mark.parametrize("name", ["dry_run", "dryrun", "dry-run", "dryRun", "expect", "expected"])
async def test_a_write_that_is_meant_as_a_trial_is_not_made(admin: Client, name: str) -> None:
    ticket = await make(admin, "ticket", status="kept")
    before = (await admin.get("/ticket")).meta["total"]
    for method, path in (("POST", "/ticket"), ("PUT", f"/ticket/{ticket['id']}"), ("PATCH", f"/ticket/{ticket['id']}"),
                         ("DELETE", f"/ticket/{ticket['id']}")):  # fmt: skip
        reply = await admin.request(method, f"{path}?{name}=true", {"status": "changed"})
        assert reply.expect(400).code == "UNKNOWN_FIELD" and name in reply.body["error"]["message"]
    assert (await admin.get(f"/ticket/{ticket['id']}?{name}=true")).expect(200).data == ticket
    assert (await admin.get("/ticket")).meta["total"] == before


@pytest.mark.parametrize("path", READS)
async def test_field_names_are_not_parameters(admin: Client, path: str) -> None:
    ticket = await make(admin, "ticket", status="open")
    reply = (await admin.get(path.format(id=ticket["id"]) + "?status=open")).expect(400)
    assert reply.code == "UNKNOWN_FIELD"
    assert "filter[status]" in reply.body["error"]["message"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_field_names_in_bulk_writes_are_not_parameters(admin: Client, method: str) -> None:
    for query in ("status=open", "filter[statue]=open&expect=0", "dryrun=true", "filter[status=open"):
        reply = (await admin.request(method, f"/ticket/_bulk?{query}", [])).expect(400)
        assert reply.code == "UNKNOWN_FIELD"
    # A filter chooses the records of a bulk, together with their number; new records are chosen by nothing.
    reply = (await admin.request(method, "/ticket/_bulk?filter[status]=open", [])).expect(400)
    named = "filter[status]" if method == "POST" else "expect"
    assert reply.details[0]["field"] == named


async def test_parameters_take_precedence_over_fields(admin: Client) -> None:
    await make(admin, "ticket", status="both", page=7, sort=3)
    await make(admin, "ticket", status="both", page=8, sort=4)
    query = "/ticket?filter[status]=both&sort=-page&page=1"
    assert [row["page"] for row in (await admin.get(query)).expect(200).data] == [8, 7]
    assert [row["page"] for row in (await admin.get(f"{query}&filter[page]=7")).expect(200).data] == [7]
    assert [row["page"] for row in (await admin.get(f"{query}&filter[sort.gt]=3")).expect(200).data] == [8]


async def test_hidden_fields_are_unknown_parameters(admin: Client) -> None:
    await admin.grant("ticket", "read", "clerk", fields={"include": ["page"]})
    clerk = await admin.user("clerk@example.com", ["clerk"])
    (await clerk.get("/ticket?status=open")).expect(200)
    hidden = (await clerk.get("/ticket/_aggregate?status=open")).expect(400)
    other = (await clerk.get("/ticket/_aggregate?statue=open")).expect(400)
    assert str(hidden.body).replace("status", "statue") == str(other.body)
    assert "filter[status]" in str((await admin.get("/ticket?status=open")).expect(400).body)


@pytest.mark.parametrize("path", ["/ticket", "/ticket/_export", "/ticket/_aggregate"])
@pytest.mark.parametrize("mode", ["with", "only"])
async def test_deleted_records_need_delete_access(admin: Client, path: str, mode: str) -> None:
    await admin.grant("ticket", "read", f"reader-{mode}")
    email = f"reader-{mode}-{path.count('_')}-{len(path)}@example.com"
    reader = await admin.user(email, [f"reader-{mode}"])
    (await reader.get(path)).expect(200)
    (await reader.get(f"{path}?deleted={mode}")).expect(403)
    (await admin.get(f"{path}?deleted={mode}")).expect(200)
