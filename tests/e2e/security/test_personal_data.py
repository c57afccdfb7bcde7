"""Values of `pii` and `sensitive` fields are in no log, span or audit row."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, text
from tests.support.stacks import calling, running

NAME, CITY = "Xantippe-4711", "Quedlinburg-0815"
"""Texts that stand nowhere else."""
PERSON = entity("person", text("name", pii=True, unique=True), text("city", sensitive=True), text("note"))


@pytest.fixture(scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("personal")


@pytest.fixture(scope="module")
async def stack(folder: Path) -> AsyncIterator[Stack]:
    async with running(folder, variables={"ROCKET_LOG_LEVEL": "debug"}) as running_stack:
        yield running_stack


@pytest.fixture(scope="module")
async def client(stack: Stack) -> AsyncIterator[Client]:
    async with calling(stack) as caller:
        yield caller


async def test_personal_data_is_in_no_log_no_span_and_no_audit_row(client: Client, folder: Path) -> None:
    admin = await client.new_app()
    await admin.define(PERSON)
    computed = {"type": "field", "definition": {"field": "note", "operator": "neq", "value": "no", "message": "no"}}
    await admin.define({"entity": "person", "hook": "before_write", **computed}, "rules")
    await admin.define({"entity": "person", "url": "http://127.0.0.1:1/away"}, "webhooks")
    made = (await admin.post("/person", {"name": NAME, "city": CITY})).expect(201).data
    path = f"/person/{made['id']}"
    # Whatever may go wrong with it goes wrong.
    (await admin.post("/person", {"name": NAME})).expect(409)
    (await admin.post("/person/_bulk", [{"name": NAME}, {"name": NAME}])).expect(409)
    (await admin.post("/person", {"name": NAME + "\x00"})).expect(422)
    (await admin.post("/person", {"name": f"{NAME}!", "note": "no"})).expect(422)
    (await admin.put(path, {"name": f"{NAME}?", "city": f"{CITY}?"})).expect(200)
    for question in (
        f"filter[name]={NAME}?", f"filter[name.like]={NAME}%25", f"q={NAME}", f"sort={NAME}", f"cursor={NAME}",
        f"filter[{NAME}]=1", f"fields={NAME}", f"include={NAME}", f"filter[id]={NAME}",
    ):  # fmt: skip
        assert (await admin.get(f"/person?{question}")).status in (200, 400)
    (await admin.get(f"/person/_aggregate?group_by=name&having[max.name]={NAME}&max=name")).expect(200)
    (await admin.get(f"/person/_export?filter[name]={NAME}")).expect(200)
    last = (await admin.get(f"{path}/history")).expect(200)
    assert NAME in str(last.data)
    (await admin.delete(path)).expect(200)

    async def audited() -> list[Any] | None:
        rows: list[Any] = (await admin.get("/_admin/audit-logs?entity=person&sort=timestamp")).expect(200).data
        return rows if len(rows) == 3 else None

    rows = await eventually(audited, within=20)
    assert rows[1]["old_data"]["name"] != NAME and {"name", "city"} <= set(rows[1]["changed_fields"])
    trace = last.headers["X-Trace-ID"]

    async def traced() -> bool:
        return bool((await admin.get(f"/_events?trace_id={trace}&action=request.end")).expect(200).data)

    await eventually(traced, within=20)
    told = [str(rows)]
    for number in range(1, 20):
        page = (await admin.get(f"/_events?page={number}&per_page=100")).expect(200)
        told.append(str(page.data))
        if number * 100 >= page.meta["total"]:
            break
    assert len(told) > 1
    told += [log.read_text(errors="replace") for log in folder.rglob("*.log")]
    found = [
        (name, part[max(0, part.index(name) - 300) :][:400]) for part in told for name in (NAME, CITY) if name in part
    ]
    assert found == []
