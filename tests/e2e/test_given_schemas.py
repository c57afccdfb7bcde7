"""Real app schemas: their entities can be posted one by one, and take the records that come with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.client import Client

SCHEMAS = sorted((Path(__file__).parents[1] / "data").glob("*.json"))


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: str(path.stem))
async def test_entities_and_their_records(admin: Client, path: Path) -> None:
    schema = json.loads(path.read_text())
    for definition in schema["entities"]:
        assert (await admin.post("/_admin/entities", definition)).expect(201).data == definition
    for kind in ("permissions", "webhooks", "workflows"):
        for definition in schema[kind]:
            (await admin.post(f"/_admin/{kind}", definition)).expect(201)
    ids: dict[str, str] = {}
    for name, rows in schema["sample_data"].items():
        for row in rows:
            sent = {field: ids.get(str(value), value) for field, value in row.items()}
            stored = (await admin.post(f"/{name}", sent)).expect(201).data
            ids[row["id"]] = stored["id"]
            assert _comparable({**sent, "id": stored["id"]}) == _comparable({k: stored[k] for k in sent})
        assert (await admin.get(f"/{name}?per_page=100")).meta["total"] == len(rows)


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
