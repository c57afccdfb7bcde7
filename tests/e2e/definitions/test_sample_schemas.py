"""The exports of two real apps import, work, and export unchanged."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from deploy.embedded import demo
from tests.support.checkout import SAMPLE_SCHEMAS
from tests.support.client import Client

SCHEMAS = sorted(SAMPLE_SCHEMAS.glob("*.json"))
_numbers = itertools.count(1)
KINDS = ("entities", "relations", "rules", "state_machines", "workflows", "permissions", "webhooks")


@pytest.fixture(params=SCHEMAS, ids=lambda path: str(path.stem))
def schema(request: pytest.FixtureRequest) -> Any:
    """One of the schemas."""
    return json.loads(Path(request.param).read_text())


async def test_a_schema_imports_whole_in_one_call(admin: Client, schema: Any) -> None:
    outcome = (await admin.post("/_admin/import", schema)).expect(200).data
    assert outcome["errors"] == []
    for counts in (outcome["summary"], outcome["imported"]):
        assert {kind: counts[kind] for kind in KINDS} == {kind: len(schema[kind]) for kind in KINDS}
    assert outcome["records"] == sum(map(len, schema["sample_data"].values()))
    for name, rows in schema["sample_data"].items():
        assert (await admin.get(f"/{name}")).meta["total"] == len(rows)
        for row in rows:
            stored = (await admin.get(f"/{name}/{row['id']}")).expect(200).data
            assert _comparable({key: stored[key] for key in row}) == _comparable(row)


async def test_the_export_of_the_copy_is_the_export_of_the_original(admin: Client, schema: Any) -> None:
    (await admin.post("/_admin/import", schema)).expect(200)
    original = (await admin.get("/_admin/export")).expect(200).data
    assert original["entities"] == [_canonical(entity) for entity in schema["entities"]]
    assert original["relations"] == schema["relations"]
    copy = await admin.new_app()
    (await copy.post("/_admin/import", original)).expect(200)
    copied = (await copy.get("/_admin/export")).expect(200).data
    for kind in KINDS:
        assert len(original[kind]) == len(schema[kind])
        assert copied[kind] == original[kind]


async def test_a_second_import_adds_nothing(admin: Client, schema: Any) -> None:
    (await admin.post("/_admin/import", schema)).expect(200)
    before = (await admin.get("/_admin/export")).data
    outcome = (await admin.post("/_admin/import", schema)).expect(200).data
    assert outcome["records"] == 0
    assert set(outcome["summary"].values()) | set(outcome["imported"].values()) == {0}
    after = (await admin.get("/_admin/export")).data
    assert {**after, "exported_at": ""} == {**before, "exported_at": ""}


async def test_a_relation_to_an_unknown_entity_leaves_nothing(admin: Client, schema: Any) -> None:
    stray = {"name": "stray", "type": "one_to_many", "source": schema["entities"][0]["name"], "target": "nobody"}
    sent = {**schema, "relations": [*schema["relations"], stray]}
    assert (await admin.post("/_admin/import", sent)).expect(422).code == "VALIDATION_FAILED"
    assert (await admin.get("/_admin/entities")).data == []
    (await admin.post("/_admin/import", schema)).expect(200)


async def test_an_entity_with_a_required_file_takes_records(admin: Client) -> None:
    schema = json.loads((SAMPLE_SCHEMAS / "employee-management.json").read_text())
    document = next(entity for entity in schema["entities"] if entity["name"] == "document")
    await admin.define(document)
    record = {
        "employee_id": "20000000-0000-0000-0000-000000000001",
        "title": "Contract",
        "type": "contract",
        "file": await _upload(admin),
    }
    stored = (await admin.post("/document", record)).expect(201).data
    assert stored["file"]["filename"] == "contract.pdf"


def _canonical(entity: dict[str, Any]) -> dict[str, Any]:
    """As definitions are answered: types by the one name that each has."""
    return {
        **entity,
        "fields": [{**f, "type": "int" if f["type"] == "integer" else f["type"]} for f in entity["fields"]],
    }


def _comparable(row: dict[str, Any]) -> dict[str, Any]:
    """Times as instants: they are answered with an offset, whichever they were sent with."""
    return {k: v.replace("Z", "+00:00") if isinstance(v, str) and v.endswith("Z") else v for k, v in row.items()}


async def test_the_demo_imports_whole_and_its_records_are_linked(admin: Client) -> None:
    sent = demo.load("http://127.0.0.1:1")
    del sent["app"], sent["afterwards"]  # for the one who installs it, and what is sent after the import
    outcome = (await admin.post("/_admin/import", sent)).expect(200).data
    assert outcome["imported"]["relations"] == len(sent["relations"])
    assert outcome["records"] == sum(map(len, sent["sample_data"].values()))
    deal = sent["sample_data"]["deal"][0]
    shown = (await admin.get(f"/deal/{deal['id']}?include=company,activity")).expect(200).data
    assert shown["company"]["id"] == deal["company_id"]
    assert shown["activity"]


async def test_every_entity_lists_and_includes_whatever_is_related(admin: Client, schema: Any) -> None:
    (await admin.post("/_admin/import", schema)).expect(200)
    names: dict[str, set[str]] = defaultdict(set)
    for relation in schema["relations"]:
        names[relation["source"]] |= {relation["name"], relation["target"]}
        names[relation["target"]] |= {relation["name"], relation["source"], relation["target_key"].removesuffix("_id")}
    for entity in schema["entities"]:
        name = entity["name"]
        stored = (await admin.get(f"/{name}?sort=-created_at")).expect(200)
        assert stored.meta["total"] == len(schema["sample_data"].get(name, []))
        for include in names[name]:
            reply = await admin.get(f"/{name}?include={include}&sort=-created_at")
            assert reply.expect(200).meta == stored.meta
            assert [{**row, include: None} for row in reply.data] == [{**row, include: None} for row in stored.data]


async def test_every_relation_takes_a_nested_write(admin: Client, schema: Any) -> None:
    (await admin.post("/_admin/import", schema)).expect(200)
    entities = {entity["name"]: entity for entity in schema["entities"]}
    upload = await _upload(admin)
    for relation in schema["relations"]:
        name, target, key = relation["name"], relation["target"], relation["target_key"]
        parent = (await admin.get(f"/{relation['source']}?per_page=1")).data[0]
        before = await _related(admin, relation, parent)
        child = await _new(admin, schema, entities[target], upload)
        nested = {name: {"data": [{field: value for field, value in child.items() if field != key}]}}
        (await admin.put(f"/{relation['source']}/{parent['id']}", nested)).expect(200)
        after = await _related(admin, relation, parent)
        [added] = [row for row in after if row["id"] not in {row["id"] for row in before}]
        assert len(after) == len(before) + 1 and added[key] == parent["id"]
        gone = {name: {"data": [{"id": added["id"], "_delete": True}]}}
        (await admin.put(f"/{relation['source']}/{parent['id']}", gone)).expect(200)
        assert await _related(admin, relation, parent) == before


async def test_every_transition_is_made_by_those_who_may(admin: Client, schema: Any) -> None:
    # Without its workflows, which move records on their own.
    (await admin.post("/_admin/import", {**schema, "workflows": []})).expect(200)
    entities = {entity["name"]: entity for entity in schema["entities"]}
    roles = {r for m in schema["state_machines"] for t in m["definition"]["transitions"] for r in t.get("roles", [])}
    master = await admin.user("master@example.com", ["admin", *sorted(roles)])
    for number, machine in enumerate(schema["state_machines"]):
        name, field, transitions = machine["entity"], machine["field"], machine["definition"]["transitions"]
        updaters = [p["roles"] for p in schema["permissions"] if (p["entity"], p["action"]) == (name, "update")]
        stranger = await admin.user(f"stranger-{number}@example.com", [updaters[0][0]])
        for place, transition in enumerate(transitions):
            record = await _bring(master, schema, entities[name], machine, _origins(transition)[0])
            allowed = transition.get("roles", updaters[0][:1])
            mover = await admin.user(f"mover-{number}-{place}@example.com", [allowed[0]])
            path, change = f"/{name}/{record['id']}", {field: transition["to"]}
            if updaters[0][0] not in allowed:
                assert (await stranger.put(path, change)).expect(403).code == "FORBIDDEN"
            moved = (await mover.put(path, change)).expect(200).data
            assert moved[field] == transition["to"]
            assert all(moved[a["field"]] for a in transition["actions"] if a["type"] == "set_field")


def _origins(transition: dict[str, Any]) -> list[str]:
    origin = transition["from"]
    return [origin] if isinstance(origin, str) else list(origin)


async def _bring(admin: Client, schema: Any, entity: dict[str, Any], machine: dict[str, Any], state: str) -> Any:
    """A new record that went the shortest way to a state."""
    ways: dict[str, list[str]] = {machine["definition"]["initial"]: []}
    queue = list(ways)
    for origin in queue:
        for transition in machine["definition"]["transitions"]:
            if origin in _origins(transition) and transition["to"] not in ways:
                ways[transition["to"]] = [*ways[origin], transition["to"]]
                queue.append(transition["to"])
    record = (await admin.post(f"/{entity['name']}", await _new(admin, schema, entity))).expect(201).data
    for step in ways[state]:
        (await admin.put(f"/{entity['name']}/{record['id']}", {machine["field"]: step})).expect(200)
    return record


async def _new(admin: Client, schema: Any, entity: dict[str, Any], upload: str = "") -> dict[str, Any]:
    """What makes a record: as the samples have it where they do, each text that must be unique a new one."""
    sample: dict[str, Any] = next(iter(schema["sample_data"].get(entity["name"], [])), {})
    states = {machine["field"] for machine in schema["state_machines"] if machine["entity"] == entity["name"]}
    record = {}
    for field in entity["fields"]:
        if field["name"] in states or field["name"] in ("id", "deleted_at") or not field.get("required"):
            continue
        value = upload if field["type"] == "file" else sample.get(field["name"], field.get("enum", ["text"])[0])
        if field.get("unique"):
            value = f"{next(_numbers)}-{value}"
        record[field["name"]] = value
    parents = [r for r in schema["relations"] if r["target"] == entity["name"] and r["target_key"] in record]
    for relation in parents:
        record[relation["target_key"]] = (await admin.get(f"/{relation['source']}?per_page=1")).data[0]["id"]
    return record


async def _related(admin: Client, relation: dict[str, Any], parent: dict[str, Any]) -> list[Any]:
    reply = await admin.get(f"/{relation['source']}/{parent['id']}?include={relation['name']}")
    return list(reply.expect(200).data[relation["name"]])


async def _upload(admin: Client) -> str:
    form = aiohttp.FormData()
    form.add_field("file", b"contract", filename="contract.pdf", content_type="application/pdf")
    return str((await admin.request("POST", "/_files/upload", None, form)).expect(201).data["id"])
