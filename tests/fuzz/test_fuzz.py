"""schemathesis against a running app, with what its own document says of it.

`make fuzz` does the same for FUZZ_SECONDS (600), with a seed of its own; within `make test` it is half a minute.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_row
from tests.support.client import Client, entity, integer, text
from tests.support.streams import published

SECONDS = int(os.environ.get("FUZZ_SECONDS", "30"))
SEED = os.environ.get("FUZZ_SEED", "20261123")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
ENDLESS = "_live$"
"""Paths that are left out: streams have no end."""
MARGIN = 60
"""Seconds by which a run may be longer than asked for: it ends what it is at."""

KINDS = ("string", "text", "int", "bigint", "decimal", "boolean", "uuid", "timestamp", "date", "json", "file")
TICKET = entity(
    "ticket",
    text("title", required=True),
    text("state", enum=["open", "closed"], default="open"),
    *({"name": f"a_{kind}", "type": kind} for kind in KINDS),
    {"name": "price", "type": "decimal", "precision": 2},
    {"name": "made", "type": "timestamp", "auto": "create"},
    soft_delete=True,
)
LINE = entity("line", {"name": "ticket_id", "type": "uuid"}, text("note", unique=True), integer("n"))
CODE = {
    "name": "code",
    "table": "codes",
    "primary_key": {"field": "code", "type": "string", "generated": False},
    "fields": [{"name": "code", "type": "string"}, {"name": "n", "type": "int"}],
}
LINES = {
    "name": "lines",
    "type": "one_to_many",
    "source": "ticket",
    "target": "line",
    "source_key": "id",
    "target_key": "ticket_id",
    "on_delete": "cascade",
}


async def prepared(admin: Client) -> dict[str, Any]:
    """An app with something of everything; answers its document."""
    for definition in (TICKET, LINE, CODE):
        await admin.define(definition)
    (await admin.post("/_admin/relations", LINES)).expect(201)
    for number in range(3):
        ticket = (await admin.post("/ticket", {"title": f"t{number}"})).expect(201).data
        (await admin.post("/line", {"ticket_id": ticket["id"], "note": f"n{number}"})).expect(201)
    return dict((await admin.get("/openapi.json")).expect(200).body)


async def test_generated_requests_cause_no_server_error(admin: Client, tmp_path: Path) -> None:
    pytest.importorskip("schemathesis", reason="requirements/dev.txt is not installed")
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(await prepared(admin)))
    # The platform's token: the users of the app, whom the document is for, may well be deleted on the way.
    token = (await admin.platform()).token
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", str(document), "--url", admin.url),
        *("--header", f"Authorization: Bearer {token}", "--checks", CHECKS, "--exclude-path-regex", ENDLESS),
        *("--seed", SEED, "--max-time", str(SECONDS), "--request-timeout", "20", "--continue-on-failure"),
        *("--warnings", "off", "--no-color"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(SECONDS + MARGIN):
        output, _ = await process.communicate()
    text_of_it = output.decode()
    print(text_of_it[-1_500:])  # what was tried, for the person who runs `make fuzz`
    assert process.returncode == 0, text_of_it[-20_000:]
    assert re.search(r"[1-9][0-9]+ generated", text_of_it), text_of_it[-2_000:]
    await eventually(lambda: _all_done(admin), within=60)
    assert (await admin.with_token(token).get("/_admin/dead-letters")).expect(200).data == []


async def _all_done(admin: Client) -> bool:
    """Whether nothing that was written is stuck on its way to those who live off it."""
    body = (await Client(admin.session, admin.url).get("/readyz")).expect(200).body
    lags = {name: lag for service in body["services"].values() for name, lag in service["lag"].items()}
    assert not any(lags.values()), lags
    return True


async def test_numbers_beyond_64_bits_cause_no_outage(admin: Client, stack: Stack) -> None:
    await prepared(admin)
    body = b'{"title":"large","price":1.5,"a_decimal":123456789012345678901234567890,"a_json":[{"a":-1e30}]}'
    (await admin.request("POST", "/ticket", raw=body, Content_Type="application/json")).expect(201)
    (await admin.post("/ticket", {"title": "behind it"})).expect(201)
    app_id = (await app_row(stack, admin))["id"]
    events = await published(stack, app_id, 5, entity="ticket")
    assert [event["after"]["title"] for event in events][3:] == ["large", "behind it"]
