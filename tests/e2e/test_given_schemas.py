"""Real app schemas: they import whole, with the records that come with them, and come out as they went in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from deploy.embedded import demo
from tests.support.client import Client

SCHEMAS = sorted((Path(__file__).parents[1] / "data").glob("*.json"))
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
    assert original["entities"] == schema["entities"]
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
    schema = json.loads((Path(__file__).parents[1] / "data" / "employee-management.json").read_text())
    document = next(entity for entity in schema["entities"] if entity["name"] == "document")
    await admin.define(document)
    form = aiohttp.FormData()
    form.add_field("file", b"contract", filename="contract.pdf", content_type="application/pdf")
    uploaded = (await admin.request("POST", "/_files/upload", None, form)).expect(201).data
    record = {
        "employee_id": "20000000-0000-0000-0000-000000000001",
        "title": "Contract",
        "type": "contract",
        "file": uploaded["id"],
    }
    stored = (await admin.post("/document", record)).expect(201).data
    assert stored["file"]["filename"] == "contract.pdf"


def _comparable(row: dict[str, Any]) -> dict[str, Any]:
    """Times as instants: they are answered with an offset, whichever they were sent with."""
    return {k: v.replace("Z", "+00:00") if isinstance(v, str) and v.endswith("Z") else v for k, v in row.items()}


async def test_the_demo_imports_whole_and_its_records_are_linked(admin: Client) -> None:
    sent = json.loads(demo.DOCUMENT.read_text())
    outcome = (await admin.post("/_admin/import", sent)).expect(200).data
    assert outcome["imported"]["relations"] == len(sent["relations"])
    assert outcome["records"] == sum(map(len, sent["sample_data"].values()))
    deal = sent["sample_data"]["deal"][0]
    shown = (await admin.get(f"/deal/{deal['id']}?include=company,activity")).expect(200).data
    assert shown["company"]["id"] == deal["company_id"]
    assert shown["activity"]
