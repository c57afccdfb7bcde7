"""After any writes and definition changes the log, its events and the tables agree."""

from __future__ import annotations

import itertools
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from deploy.embedded.stack import Stack
from tests.property.models.logs import KEYS, Model, Step, definition, steps
from tests.support.app_database import app_row
from tests.support.client import Client
from tests.support.streams import published

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
async def owner(client: Client) -> Client:
    return await client.new_app()


@pytest.fixture(scope="module")
async def app_id(stack: Stack, owner: Client) -> str:
    return str((await app_row(stack, owner))["id"])


@given(steps(), st.booleans())
@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
async def test_log_events_and_tables_agree(
    stack: Stack, owner: Client, app_id: str, sequence: list[Step], soft_delete: bool
) -> None:
    name = f"log{next(_numbers)}"
    model = Model(soft_delete)
    await owner.define(definition(name, soft_delete, model.names))
    for step in sequence:
        expected = model.take(step)
        event(f"{step.what} {expected}")
        await _do(owner, name, step, model, expected)
    listed = (await owner.get(f"/{name}?sort=key")).data
    assert listed == [model.visible(model.records[key]) for key in sorted(model.records)]
    for key in KEYS:
        await _check_record(owner, f"/{name}/{quote(key, safe='')}", key, model)
    events = await published(stack, app_id, sum(map(len, model.log.values())), entity=name)
    _check_events(events, model, listed)


async def _do(owner: Client, name: str, step: Step, model: Model, expected: int) -> None:
    path = f"/{name}/{quote(step.key, safe='')}"
    match step.what:
        case "define":
            (await owner.put(f"/_admin/entities/{name}", definition(name, model.soft_delete, step.names))).expect(200)
        case "create":
            reply = (await owner.post(f"/{name}", {"key": step.key, **step.values})).expect(expected)
            assert expected != 201 or reply.data == model.visible(model.records[step.key])
        case "update":
            reply = (await owner.put(path, dict(step.values))).expect(expected)
            assert expected != 200 or reply.data == model.visible(model.records[step.key])
        case "delete":
            (await owner.delete(path)).expect(expected)


async def _check_record(owner: Client, path: str, key: str, model: Model) -> None:
    """History has every version, and every version can be read again."""
    log = model.log.get(key, [])
    history = (await owner.get(f"{path}/history?per_page=100")).expect(200 if log else 404)
    if not log:
        return
    assert [(row["version"], row["action"], row["changed"]) for row in reversed(history.data)] == [
        (version, written.action, model.changed(written)) for version, written in enumerate(log, 1)
    ]
    assert history.meta["total"] == len(log)
    for version, written in enumerate(log, 1):
        reply = await owner.get(f"{path}?version={version}")
        if written.after is None:
            assert reply.expect(404).code == "NOT_FOUND"
        else:
            assert reply.expect(200).data == model.visible(written.after)
    (await owner.get(f"{path}?version={len(log) + 1}")).expect(404)


def _check_events(events: list[dict[str, Any]], model: Model, listed: list[dict[str, Any]]) -> None:
    """Each write was published once, in order, without a gap; folded they are the tables."""
    assert [(e["position"], e["n"]) for e in events] == sorted({(e["position"], e["n"]) for e in events})
    folded: dict[str, Any] = {}
    actions: dict[str, list[str]] = {}
    for each in events:
        key = each["record_id"]
        actions.setdefault(key, []).append(each["action"])
        assert each["version"] == len(actions[key])
        before, earlier = each["before"], folded.get(key)
        assert (before is None) == (earlier is None)
        assert before is None or {n: v for n, v in before.items() if v is not None} == earlier
        folded[key] = None
        if each["action"] != "delete":
            folded[key] = {n: v for n, v in each["after"].items() if v is not None}
    assert actions == {key: [w.action for w in log] for key, log in model.log.items()}
    live = [record for _, record in sorted(folded.items()) if record is not None]
    assert [{name: record.get(name) for name in model.fields} for record in live] == listed
