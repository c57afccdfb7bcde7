"""The public streams match the AsyncAPI document, and its example runs."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson
import pytest
from jsonschema import Draft7Validator

from deploy.embedded.stack import Stack
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import STREAMS
from services.gateway.asyncapi.document import build
from tests.support.checkout import ROOT
from tests.support.client import Client, entity, text
from tests.support.subscribers import connected, granted

# The JSON schema that the AsyncAPI initiative publishes for version 3.0.0 (github.com/asyncapi/spec-json-schemas,
# Apache License 2.0), without its descriptions and the bindings of other protocols.
META = Path(__file__).parent / "asyncapi-3.0.0.json"
PAGE = ROOT / "docs/reference/streams.md"
NOTE = entity("note", text("title"))
APP = AppRef(str(uuid.uuid4()), "shop", "shop")


def problems(document: dict[str, Any]) -> list[str]:
    """What the schema says against a document: `path: message`."""
    schema = json.loads(META.read_text(encoding="utf-8"))
    found = Draft7Validator(schema).iter_errors(document)
    return [f"{'/'.join(map(str, error.path))}: {error.message}" for error in found]


@pytest.fixture
async def notes(admin: Client) -> Client:
    await admin.define(NOTE)
    return admin


@pytest.mark.parametrize(("app", "url"), [(None, ""), (APP, "nats://events.example.com:4222")])
def test_the_asyncapi_document_is_valid(app: AppRef | None, url: str) -> None:
    document = build(app, {"note"}, url)
    assert problems(document) == []
    assert problems({**document, "channels": {"commits": {"address": 5}}})
    assert problems({**document, "asyncapi": "2.0.0"})
    prefixes = {subject.removesuffix("*").removesuffix(">") for spec in STREAMS for subject in spec.subjects}
    assert {channel["address"].split(".")[0] + "." for channel in document["channels"].values()} == prefixes


async def test_the_document_is_public_and_admins_read_their_apps(client: Client, notes: Client) -> None:
    shared = (await client.get("/asyncapi.json")).expect(200).body
    assert problems(shared) == []
    own = (await notes.get("/asyncapi.json")).expect(200).body
    assert own["channels"]["commits"]["parameters"]["entity"]["examples"] == ["note"]
    assert "{app_id}" not in own["channels"]["commits"]["address"]
    person = await notes.user("reader@example.com", [])
    assert (await person.get("/asyncapi.json")).code == "FORBIDDEN"


async def test_commit_messages_match_the_document(stack: Stack, notes: Client) -> None:
    document = (await notes.get("/asyncapi.json")).expect(200).body
    messages, channels = document["components"]["messages"], document["channels"]
    commits = await connected(stack, await granted(notes, name="commits"))
    spans = await connected(stack, await granted(notes, name="spans", streams=["telemetry"]))
    note = (await notes.post("/note", {"title": "Euro € 100%"})).expect(201).data["id"]
    (await notes.put(f"/note/{note}", {"title": "x"})).expect(200)
    (await notes.delete(f"/note/{note}")).expect(200)
    app_id = channels["telemetry"]["address"].removeprefix("telemetry.")
    kinds = []
    for message in await commits.next(3):
        headers, body = dict(message.headers or {}), orjson.loads(message.data)
        assert _fits(messages["commit"]["headers"], headers) and _fits(messages["commit"]["payload"], body)
        assert re.fullmatch(_pattern(channels["commits"]["address"]), message.subject)
        assert headers["ce-source"] == f"/apps/{app_id}" and unquote(headers["ce-subject"]) == f"note/{note}"
        assert headers["ce-id"] == f"{app_id}/{body['position']}.{body['n']}" and headers["ce-time"] == body["at"]
        kinds.append(headers["ce-type"])
    assert kinds == ["rocket.commit.create", "rocket.commit.update", "rocket.commit.delete"]
    [batch] = await spans.next()
    assert _fits(messages["spans"]["headers"], dict(batch.headers or {}))
    assert _fits(messages["spans"]["payload"], orjson.loads(batch.data))
    for reader in (commits, spans):
        await reader.client.close()


async def test_signals_match_the_document(stack: Stack, notes: Client) -> None:
    document = (await notes.get("/asyncapi.json")).expect(200).body
    signals = await connected(stack, await granted(notes, streams=["signals"]))
    workflow = {
        "name": "w", "context": {"id": "record.id"},
        "trigger": {"type": "state_change", "entity": "note", "field": "title", "to": "done"},
        "steps": [{"id": "s", "type": "action", "actions": [
            {"type": "set_field", "entity": "note", "record_id": "context.id", "field": "title", "value": "seen"}]}],
    }  # fmt: skip
    await notes.define(workflow, "workflows")
    note = (await notes.post("/note", {"title": "new"})).expect(201).data["id"]
    (await notes.put(f"/note/{note}", {"title": "done"})).expect(200)
    [message] = await signals.next()
    expected = document["components"]["messages"]["signal"]
    assert _fits(expected["headers"], dict(message.headers or {}))
    assert _fits(expected["payload"], orjson.loads(message.data))
    assert re.fullmatch(_pattern(document["channels"]["signals"]["address"]), message.subject)
    await signals.client.close()


async def test_the_documented_example_runs(notes: Client, tmp_path: Path) -> None:
    [program] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    credentials = await granted(notes)
    (await notes.post("/note", {"title": "from the docs"})).expect(201)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program,
        env={**os.environ, "SUBSCRIBER": json.dumps(credentials)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=tmp_path,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
    finally:
        process.kill()
        await process.wait()
    assert line.startswith("rocket.commit.create ") and "'title': 'from the docs'" in line


def _fits(schema: dict[str, Any], value: Any) -> bool:
    errors = [error.message for error in Draft7Validator(schema).iter_errors(value)]
    assert errors == []
    return True


def _pattern(address: str) -> str:
    return re.sub(r"\\\{\w+\\\}", "[^.]+", re.escape(address))
