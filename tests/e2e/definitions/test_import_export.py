"""Export and import of an app's definitions and sample records as one document."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_row, query
from tests.support.client import Client, entity, text
from tests.support.locks import holding
from tests.support.receivers import HttpReceiver
from tests.support.relations import reference
from tests.support.streams import published

ADA, BOB = "10000000-0000-0000-0000-000000000001", "10000000-0000-0000-0000-000000000002"
ONE, TWO = "20000000-0000-0000-0000-000000000001", "20000000-0000-0000-0000-000000000002"


def document(**parts: Any) -> dict[str, Any]:
    """A shop with customers, orders and tags."""
    customer = entity("customer", text("name", required=True), text("code", unique=True), soft_delete=True)
    order = entity(
        "order",
        reference("customer_id"),
        {"name": "total", "type": "decimal", "precision": 2, "default": 1},
        {"name": "status", "type": "string", "default": "open", "enum": ["open", "paid"]},
        {"name": "made_at", "type": "timestamp", "auto": "create"},
        {"name": "due_on", "type": "date"},
        {"name": "extra", "type": "json"},
        {"name": "count", "type": "integer"},
        {"name": "scan", "type": "file"},
    )
    return {
        "version": 1,
        "exported_at": "2026-01-01T00:00:00Z",
        "entities": [customer, order],
        "relations": [
            {"name": "orders", "type": "one_to_many", "source": "customer", "target": "order", "on_delete": "cascade"},
            {"name": "likes", "type": "many_to_many", "source": "customer", "target": "order", "join_table": "likings"},
        ],
        "rules": [
            {
                "entity": "order",
                "hook": "before_write",
                "type": "field",
                "definition": {"field": "count", "operator": "min", "value": 1},
                "priority": 2,
                "active": False,
            }
        ],
        "state_machines": [
            {
                "entity": "order",
                "field": "status",
                "definition": {"initial": "open", "transitions": [{"from": "open", "to": "paid"}]},
                "active": True,
            }
        ],
        "workflows": [
            {
                "name": "paid",
                "trigger": {"type": "state_change", "entity": "order", "field": "status", "to": "paid"},
                "context": {"id": "record.id"},
                "steps": [{"id": "wait", "type": "approval"}],
                "active": True,
            }
        ],
        "permissions": [{"entity": "order", "action": "read", "roles": ["clerk"], "conditions": []}],
        "webhooks": [{"entity": "order", "hook": "after_write", "url": "http://127.0.0.1:1/hook", "active": False}],
        **parts,
    }


SAMPLES = {
    "likings": [{"customer_id": ADA, "order_id": ONE}, {"customer_id": BOB, "order_id": ONE}],
    "order": [
        {"id": ONE, "customer_id": ADA, "total": 12.345, "status": "paid", "due_on": "2026-03-01", "extra": {"a": [1]}},
        {"id": TWO, "customer_id": None, "made_at": "2026-01-02T03:04:05+02:00", "count": 3},
    ],
    "customer": [{"id": ADA, "name": "Ada", "code": "a"}, {"id": BOB, "name": "Bob"}],
    "_users": [{"email": "ada@example.com"}],
}


async def import_all(client: Client, sent: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = (await client.post("/_admin/import", sent)).expect(200).data
    return data


async def export_all(client: Client) -> dict[str, Any]:
    data: dict[str, Any] = (await client.get("/_admin/export")).expect(200).data
    return {key: value for key, value in data.items() if key != "exported_at"}


async def test_an_export_is_the_whole_document_again(admin: Client) -> None:
    outcome = await import_all(admin, document())
    counts = {"entities": 2, "relations": 2, "rules": 1, "state_machines": 1, "workflows": 1, "permissions": 1}
    assert counts.items() <= outcome["summary"].items()
    assert counts.items() <= outcome["imported"].items()
    assert (outcome["errors"], outcome["records"]) == ([], 0)
    exported = await export_all(admin)
    assert exported["version"] == 1
    sent = document()
    count = next(field for field in sent["entities"][1]["fields"] if field["name"] == "count")
    count["type"] = "int"  # an alias is answered by its canonical name
    for part in ("entities", "relations"):
        assert exported[part] == sent[part]
    for part in ("rules", "state_machines", "workflows", "permissions", "webhooks"):
        assert [{**row, **sent} for row, sent in zip(exported[part], document()[part], strict=True)] == exported[part]
        assert not any("id" in row for row in exported[part])
    assert "sample_data" not in exported
    copy = await admin.new_app()
    await import_all(copy, exported)
    assert await export_all(copy) == exported


async def test_a_second_import_adds_nothing(admin: Client) -> None:
    sent = document(sample_data=SAMPLES)
    assert (await import_all(admin, sent))["records"] == 6
    again = await import_all(admin, sent)
    assert again["records"] == 0
    assert set(again["summary"].values()) == set(again["imported"].values()) == {0}
    assert (await admin.get("/order")).meta["total"] == 2


async def test_existing_definitions_are_not_overwritten(admin: Client) -> None:
    await admin.define(entity("customer", text("name"), text("nick")))
    outcome = await import_all(admin, document())
    assert outcome["imported"]["entities"] == 1
    definition = (await admin.get("/_admin/entities/customer")).data["definition"]
    assert [field["name"] for field in definition["fields"]] == ["id", "name", "nick"]


async def test_sample_records_have_history_and_audit(stack: Stack, admin: Client) -> None:
    reply = (await admin.post("/_admin/import", document(sample_data=SAMPLES))).expect(200)
    paid = (await admin.get(f"/order/{ONE}")).expect(200)
    made_at = paid.data["made_at"]
    assert paid.data == {
        "id": ONE, "customer_id": ADA, "total": 12.35, "status": "paid", "made_at": made_at, "due_on": "2026-03-01",
        "extra": {"a": [1]}, "count": None, "scan": None,
    }  # fmt: skip
    other = (await admin.get(f"/order/{TWO}")).data
    assert (other["total"], other["status"], other["count"]) == (1, "open", 3)
    assert other["made_at"].startswith("2026-01-02T01:04:05")
    (entry,) = (await admin.get(f"/order/{ONE}/history")).data
    assert (entry["version"], entry["action"], entry["user"]["email"]) == (1, "create", "admin@localhost")
    assert entry["trace_id"] == reply.headers["X-Trace-ID"]
    rows = await query(stack, admin, "SELECT position, n, context ->> 'cause' AS cause FROM data.commits ORDER BY n")
    assert {(row["position"], row["cause"]) for row in rows} == {(int(reply.headers["X-Commit"]), "import")}
    assert [row["n"] for row in rows] == [1, 2, 3, 4, 5, 6]
    updated = (await admin.put(f"/order/{TWO}", {"count": 4})).expect(200)
    assert updated.headers["ETag"] == '"2"'
    assert await query(stack, admin, "SELECT count(*) AS n FROM records.likings") == [(2,)]


async def test_imported_records_trigger_no_webhooks_or_workflows(
    stack: Stack, admin: Client, receiver: HttpReceiver
) -> None:
    hook = {"entity": "order", "hook": "after_write", "url": receiver.url}
    rule = {
        "name": "told", "entity": "order", "hook": "after_create", "channel": "in_app",
        "template": {"subject": "new", "body": "new"}, "recipients": [{"role": "admin"}], "tell_actor": True,
    }  # fmt: skip
    sent = document(webhooks=[hook], notification_rules=[rule], sample_data=SAMPLES)
    assert (await import_all(admin, sent))["imported"]["notification_rules"] == 1
    events = await published(stack, str((await app_row(stack, admin))["id"]), 6)
    assert {event["cause"] for event in events} == {"import"}
    assert {(event["entity"], event["record_id"]) for event in events} == {
        ("customer", ADA), ("customer", BOB), ("order", ONE), ("order", TWO),
        ("likings", f"{ADA},{ONE}"), ("likings", f"{BOB},{ONE}"),
    }  # fmt: skip
    (pair,) = [event for event in events if event["record_id"] == f"{ADA},{ONE}"]
    assert (pair["before"], pair["after"]) == (None, {"customer_id": ADA, "order_id": ONE})
    await eventually(lambda: _audited(admin, 6))
    # Later changes are published, and nothing else.
    (await admin.post("/order", {"status": "open", "count": 7})).expect(201)
    await eventually(lambda: receiver.requests)
    assert [body["record"]["count"] for _, body in receiver.requests] == [7]

    async def told() -> Any:
        return (await admin.get("/_notifications")).data

    # Another service tells of it, and may take longer than the webhook.
    assert len(await eventually(told)) == 1
    assert (await admin.get("/_workflows")).data == []


async def _audited(client: Client, rows: int) -> bool:
    return bool((await client.get("/_admin/audit-logs?source=data")).meta["total"] == rows)


async def test_serial_keys_continue_after_imported_ones(admin: Client) -> None:
    key = {"field": "id", "type": "int", "generated": True}
    item = entity("item", text("name"), primary_key=key)
    item["fields"][0]["type"] = "int"
    samples = {"item": [{"name": "first"}, {"id": 41, "name": "given"}, {"name": "second"}, {"name": "second"}]}
    sent = {"version": 1, "entities": [item], "sample_data": samples}
    assert (await import_all(admin, sent))["records"] == 4
    rows = (await admin.get("/item?sort=id")).data
    assert [row["id"] for row in rows] == [41, 42, 43, 44]
    assert (await admin.post("/item", {"name": "later"})).expect(201).data["id"] == 45
    assert (await import_all(admin, sent))["records"] == 0


async def test_rows_without_an_id_are_imported_once(admin: Client) -> None:
    sent = {
        "version": 1,
        "entities": [entity("item", text("name"))],
        "sample_data": {"item": [{"name": "a"}, {"name": "a"}, {"name": "b"}]},
    }
    assert (await import_all(admin, sent))["records"] == 3
    assert (await import_all(admin, sent))["records"] == 0


async def test_slugs_of_sample_records_are_made(admin: Client) -> None:
    page = entity(
        "page", text("title"), text("slug", unique=True, required=True), slug={"field": "slug", "source": "title"}
    )
    rows = [{"title": "Über uns"}, {"title": "Über  uns!"}, {"title": "x", "slug": "own"}]
    await import_all(admin, {"version": 1, "entities": [page], "sample_data": {"page": rows}})
    found = (await admin.get("/page?sort=slug")).data
    assert [row["slug"] for row in found] == ["own", "uber-uns", "uber-uns-2"]


async def test_a_required_slug_that_cannot_be_made_is_refused(admin: Client) -> None:
    slug = {"field": "slug", "source": "title"}
    page = entity("page", text("title"), text("slug", unique=True, required=True), slug=slug)
    sent = {"version": 1, "entities": [page], "sample_data": {"page": [{"title": "fine"}, {"title": "!"}]}}
    assert (await admin.post("/_admin/import", sent)).expect(422).details[0]["field"] == "slug"
    assert (await export_all(admin))["entities"] == []


@pytest.mark.parametrize(
    ("change", "status", "path"),
    [
        ({"version": 2}, 422, None),
        ({"entities": {}}, 422, None),
        ({"entities": [1]}, 422, None),
        (
            {"relations": [{"name": "x", "type": "one_to_many", "source": "customer", "target": "ghost"}]},
            422,
            "relations[0]",
        ),
        ({"rules": [{"entity": "ghost", "hook": "before_write", "type": "field", "definition": {}}]}, 422, "rules[0]"),
        ({"permissions": [{"entity": "ghost", "action": "read", "roles": []}]}, 422, "permissions[0]"),
        ({"entities": [entity("customer", text("a")), entity("customer", text("b"))]}, 409, "entities[1]"),
        ({"sample_data": []}, 422, None),
        ({"sample_data": {"order": [{}, {"due_on": "soon"}]}}, 422, "sample_data.order[1]"),
        ({"sample_data": {"order": [{"count": 1.5}]}}, 422, "sample_data.order[0]"),
        ({"sample_data": {"order": [{"status": "lost"}]}}, 422, "sample_data.order[0]"),
        ({"sample_data": {"order": [{"no": 1}]}}, 422, "sample_data.order[0]"),
        ({"sample_data": {"order": [{"id": "x"}]}}, 422, "sample_data.order[0]"),
        ({"sample_data": {"customer": [{"code": "x"}]}}, 422, "sample_data.customer[0]"),
        ({"sample_data": {"likings": [{"customer_id": ADA}]}}, 422, "sample_data.likings[0]"),
        ({"sample_data": {"customer": [{"name": "a", "code": "x"}, {"name": "b", "code": "x"}]}}, 409, None),
    ],
)
async def test_a_failed_import_changes_nothing(
    common_admin: Client, change: dict[str, Any], status: int, path: str | None
) -> None:
    sent = {key: value for key, value in {**document(), **change}.items() if value is not None}
    reply = (await common_admin.post("/_admin/import", sent)).expect(status)
    assert reply.code == {422: "VALIDATION_FAILED", 409: "CONFLICT"}[status]
    if path:
        assert reply.details[0]["path"] == path
    exported = await export_all(common_admin)
    assert [part for part, rows in exported.items() if part != "version" and rows] == []
    assert (await common_admin.get("/customer")).expect(404).code == "UNKNOWN_ENTITY"


@pytest.mark.parametrize(
    ("row", "field"),
    [({"count": 2**31}, "count"), ({"extra": "text"}, "extra"), ({"scan": ADA}, "scan"), ({"total": "1,0"}, "total")],
)
async def test_a_value_that_does_not_fit_is_named(common_admin: Client, row: dict[str, Any], field: str) -> None:
    reply = (await common_admin.post("/_admin/import", document(sample_data={"order": [{}, row]}))).expect(422)
    (detail,) = reply.details
    assert (detail["entity"], detail["index"], detail["field"]) == ("order", 1, field)


async def test_expressions_that_do_not_compile_can_be_imported_but_not_posted(admin: Client) -> None:
    rule = {
        "entity": "order",
        "hook": "before_write",
        "type": "expression",
        "definition": {"expression": "new Date(record.a) >= new Date(record.b)", "message": "no"},
    }
    await import_all(admin, document(rules=[rule]))
    (await admin.post("/_admin/rules", rule)).expect(422)
    (shown,) = (await export_all(admin))["rules"]
    assert shown["definition"]["expression"] == rule["definition"]["expression"]  # type: ignore[index]
    (await admin.post("/order", {"count": 3})).expect(201)


async def test_an_export_is_a_valid_import(admin: Client) -> None:
    await import_all(admin, document())
    copy = await admin.new_app()
    assert (await import_all(copy, (await admin.get("/_admin/export")).body))["imported"]["entities"] == 2


async def test_import_and_export_are_for_admins(admin: Client, client: Client) -> None:
    clerk = await admin.user("clerk@example.com", ["clerk"])
    for caller, status in ((clerk, 403), (Client(client.session, client.url, "", admin.prefix), 401)):
        (await caller.get("/_admin/export")).expect(status)
        (await caller.post("/_admin/import", document())).expect(status)
    assert (await export_all(admin))["entities"] == []


async def test_an_import_sent_twice_under_one_key_happens_once(admin: Client) -> None:
    sent = document(sample_data=SAMPLES)
    first = (await admin.post("/_admin/import", sent, Idempotency_Key="once")).expect(200)
    again = (await admin.post("/_admin/import", sent, Idempotency_Key="once")).expect(200)
    assert again.data == first.data
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await admin.get("/order")).meta["total"] == 2


async def test_large_documents_are_imported(admin: Client) -> None:
    rows = [{"name": f"customer {n}", "code": f"c{n}-{'x' * 1000}"} for n in range(12_000)]
    outcome = await import_all(admin, document(sample_data={"customer": rows}))
    assert outcome["records"] == len(rows)
    assert (await admin.get("/customer?per_page=1")).meta["total"] == len(rows)


async def test_a_record_deleted_during_an_import_keeps_distinct_versions(stack: Stack, admin: Client) -> None:
    for name in ("first", "thing"):
        given = {"primary_key": {"field": "id", "type": "uuid", "generated": False}}
        await admin.define({**entity(name, text("name")), **given})
    database = (await app_row(stack, admin))["database"]

    async def overtaken() -> str | None:
        """The key of a record that came and went during an import; None where the import began anew in between.

        An import waits 700 ms for a lock, then it begins anew; a record that is there at that moment stays as it is.
        """
        first, thing = str(uuid.uuid4()), str(uuid.uuid4())
        samples = {"first": [{"id": first}], "thing": [{"id": thing, "name": "imported"}]}
        async with holding(stack, database, "INSERT INTO records.firsts (id, _version) VALUES ($1, 1)", first) as held:
            # The import's statement has begun, and waits for the outcome of the first key.
            imported = asyncio.create_task(admin.post("/_admin/import", {"version": 1, "sample_data": samples}))
            await held()
            (await admin.post("/thing", {"id": thing, "name": "theirs"})).expect(201)
            (await admin.delete(f"/thing/{thing}")).expect(200)
        return thing if (await imported).expect(200).data["records"] == 2 else None

    key = await eventually(overtaken, within=30)
    history = (await admin.get(f"/thing/{key}/history")).expect(200).data
    assert [(row["version"], row["action"]) for row in history] == [(3, "create"), (2, "delete"), (1, "create")]
    assert (await admin.get(f"/thing/{key}")).headers["ETag"] == '"3"'
