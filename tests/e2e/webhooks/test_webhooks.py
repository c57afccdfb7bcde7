"""Webhook deliveries: signatures, retries, order, circuits, replays."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import datetime
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_row
from tests.support.client import Client, entity, text
from tests.support.locks import holding
from tests.support.receivers import HttpReceiver, http_receiver

NOBODY = "http://127.0.0.1:1/"


@pytest.fixture
async def desk(admin: Client) -> Client:
    """An app with tickets."""
    await admin.define(entity("ticket", text("title"), text("status")))
    return admin


async def make(desk: Client, url: str, **parts: Any) -> dict[str, Any]:
    """A webhook for tickets, as it is answered when it is made."""
    answer = await desk.post("/_admin/webhooks", {"entity": "ticket", "url": url, **parts})
    created: dict[str, Any] = answer.expect(201).data
    return created


async def write(desk: Client, *titles: str) -> list[str]:
    return [(await desk.post("/ticket", {"title": title})).expect(201).data["id"] for title in titles]


async def logs(desk: Client, query: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await desk.get(f"/_admin/webhook-logs?{query}")).expect(200).data
    return rows


async def settled(desk: Client, count: int, *statuses: str) -> list[dict[str, Any]]:
    """The log, oldest first, as soon as it has so many rows and all of them are in one of these states."""

    async def look() -> list[dict[str, Any]] | None:
        rows = await logs(desk)
        return rows[::-1] if len(rows) == count and all(row["status"] in statuses for row in rows) else None

    # What nobody hurries with is found by the timer, after ten seconds.
    return await eventually(look, within=20.0)


async def state_of(desk: Client, webhook: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = (await desk.get(f"/_admin/webhooks/{webhook['id']}")).expect(200).data
    return shown


async def circuit(desk: Client, webhook: dict[str, Any], state: str) -> dict[str, Any]:
    """The webhook as GET shows it, as soon as its circuit is this."""

    async def look() -> dict[str, Any] | None:
        shown = await state_of(desk, webhook)
        return shown if shown["circuit"] == state else None

    return await eventually(look)


async def signals(desk: Client, what: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await desk.get(f"/_events?source=webhook&action={what}")).data
    return rows


async def test_the_official_library_verifies_and_a_rotated_secret_stays_good(
    desk: Client, receiver: HttpReceiver
) -> None:
    created = await make(desk, receiver.url)
    first = created["secret"]
    assert first.startswith("whsec_")
    for shown in (await state_of(desk, created), (await desk.get("/_admin/webhooks")).data[0]):
        assert "secret" not in shown
        assert shown["circuit"] == "closed"
    await write(desk, "a")
    await eventually(lambda: receiver.requests)
    headers, payload = receiver.requests[0]
    assert Webhook(first).verify(receiver.bodies[0], headers) == payload
    assert headers["webhook-id"] == payload["idempotency_key"]
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert headers["Content-Type"] == "application/json"

    rotate = f"/_admin/webhooks/{created['id']}/rotate-secret"
    rotated = (await desk.post(rotate, Idempotency_Key="r1")).expect(200).data
    second = rotated["secret"]
    replayed = (await desk.post(rotate, Idempotency_Key="r1")).expect(200)
    assert "secret" not in replayed.data, "a secret is shown once"
    await write(desk, "b")
    await eventually(lambda: len(receiver.requests) == 2)
    for secret in (first, second):
        Webhook(secret).verify(receiver.bodies[1], receiver.requests[1][0])
    with pytest.raises(WebhookVerificationError):
        Webhook(second).verify(receiver.bodies[0], receiver.requests[0][0])
    until = datetime.fromisoformat(rotated["previous_valid_until"])
    assert 23.9 < (until.timestamp() - time.time()) / 3600 < 24.1
    (await desk.post("/_admin/webhooks/0190a000-0000-7000-8000-0000000000aa/rotate-secret")).expect(404)


async def test_an_idempotency_key_does_not_store_the_secret(desk: Client) -> None:
    hook = {"entity": "ticket", "url": NOBODY}
    first = (await desk.post("/_admin/webhooks", hook, Idempotency_Key="k")).expect(201).data
    again = (await desk.post("/_admin/webhooks", hook, Idempotency_Key="k")).expect(201)
    assert (again.headers["Idempotency-Replayed"], again.data["id"]) == ("true", first["id"])
    assert "secret" in first
    assert "secret" not in again.data


async def test_every_attempt_is_in_the_log(desk: Client, receiver: HttpReceiver) -> None:
    receiver.respond = lambda number: {1: 500, 2: 404}.get(number, 200)
    await make(desk, receiver.url, headers={"X-Key": "{{env.PATH}}", "X-None": "<{{env.NOTHING_LIKE}}>"})
    await write(desk, "a")
    [row] = await settled(desk, 1, "delivered")
    assert (row["attempt"], row["max_attempts"], row["next_retry_at"], row["error"]) == (3, 3, None, None)
    shown = (await desk.get(f"/_admin/webhook-logs/{row['id']}")).data
    assert [(a["attempt"], a["response_status"]) for a in shown["attempts"]] == [(1, 500), (2, 404), (3, 200)]
    assert shown["attempts"][0]["error"] == "the endpoint answered 500"
    assert all(attempt["at"] and attempt["duration_ms"] is not None for attempt in shown["attempts"])
    ids = {headers["webhook-id"] for headers, _ in receiver.requests}
    assert ids == {row["idempotency_key"]}, "retries keep the id"
    assert len(set(receiver.bodies)) == 1, "retries keep the body"
    headers = receiver.requests[0][0]
    assert (headers["X-Key"], headers["X-None"]) == (os.environ["PATH"], "<>")
    assert shown["request_headers"]["X-Key"] == "{{env.PATH}}"
    assert os.environ["PATH"] not in str(shown)


async def test_the_next_retry_is_as_the_webhook_says(desk: Client, receiver: HttpReceiver) -> None:
    receiver.respond = lambda number: 500
    for backoff, delay in (("linear", 40), ("exponential", 100)):
        await make(desk, f"{receiver.url}/{backoff}", retry={"max_attempts": 5, "backoff": backoff, "delay": delay})
    await write(desk, "a")
    rows = await settled(desk, 2, "retrying")
    for row in rows:
        ahead = datetime.fromisoformat(row["next_retry_at"]) - datetime.fromisoformat(row["attempted_at"])
        delay = 40 if row["url"].endswith("linear") else 100
        assert delay * 0.89 <= ahead.total_seconds() <= delay * 1.11 + 5
    failed = next(row for row in rows if row["url"].endswith("linear"))
    (await desk.post(f"/_admin/webhook-logs/{failed['id']}/retry")).expect(200)
    await eventually(lambda: len(receiver.requests) == 3)


async def test_retry_after_holds_the_endpoint_back(desk: Client, receiver: HttpReceiver) -> None:
    async def busy(request: web.Request, payload: Any) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": "1800"})

    receiver.answer = busy
    webhook = await make(desk, receiver.url)
    await write(desk, "a")
    [row] = await settled(desk, 1, "retrying")
    ahead = datetime.fromisoformat(row["next_retry_at"]).timestamp() - time.time()
    assert 1700 < ahead < 1810
    await write(desk, "b")
    await eventually(lambda: _counted(desk, 2))
    shown = await state_of(desk, webhook)
    assert shown["circuit"] == "closed"
    assert datetime.fromisoformat(shown["next_try_at"]).timestamp() - time.time() > 1700
    receiver.answer = None
    (await desk.post(f"/_admin/webhooks/{webhook['id']}/enable")).expect(200)
    await eventually(lambda: [p["record"]["title"] for p in receiver.payloads] == ["a", "b"])


async def _counted(desk: Client, count: int) -> bool:
    return len(await logs(desk)) == count


async def test_a_410_disables_the_endpoint(desk: Client, receiver: HttpReceiver) -> None:
    receiver.respond = lambda number: 410
    webhook = await make(desk, receiver.url)
    await write(desk, "a")
    shown = await circuit(desk, webhook, "disabled")
    assert shown["last_error"] == "the endpoint answered 410"
    await write(desk, "b")
    rows = await settled(desk, 2, "failed")
    assert [row["attempt"] for row in rows] == [1, 0]
    assert "disabled" in rows[1]["error"]
    assert len(receiver.requests) == 1
    receiver.respond = lambda number: 200
    enabled = (await desk.post(f"/_admin/webhooks/{webhook['id']}/enable")).expect(200).data
    assert (enabled["circuit"], (await state_of(desk, webhook))["circuit"]) == ("closed", "closed")
    await write(desk, "c")
    await eventually(lambda: [p["record"]["title"] for p in receiver.payloads] == ["a", "c"])
    await eventually(lambda: signals(desk, "endpoint_disabled"))
    await eventually(lambda: signals(desk, "endpoint_enabled"))


NOTE_LIKE = """
INSERT INTO webhook.deliveries (id, webhook_id, commit_key, entity, record_id, hook, url, method, request_headers,
    request_body, max_attempts, backoff, idempotency_key, trace_id, endpoint, status)
SELECT gen_random_uuid(), webhook_id, $1, entity, record_id, hook, url, method, request_headers, request_body,
    max_attempts, backoff, idempotency_key, trace_id, endpoint, 'failed' FROM webhook.deliveries LIMIT 1
"""


async def test_deliveries_to_a_disabled_endpoint_end(desk: Client, stack: Stack, receiver: HttpReceiver) -> None:
    answering = asyncio.Event()

    async def gone(request: web.Request, payload: Any) -> web.StreamResponse:
        await answering.wait()
        return web.Response(status=410)

    receiver.answer = gone
    webhook = await make(desk, receiver.url)
    first = (await desk.post("/ticket", {"title": "a"})).expect(201)
    await eventually(lambda: receiver.requests)
    following, database = int(first.headers["X-Commit"]) + 1, (await app_row(stack, desk))["database"]
    async with holding(stack, database, NOTE_LIKE, f"{following}.1") as held_up:
        # The endpoint was well when the second delivery was about to be noted.
        assert (await desk.post("/ticket", {"title": "b"})).expect(201).headers["X-Commit"] == str(following)
        await held_up()
        answering.set()
        await circuit(desk, webhook, "disabled")
    rows = await settled(desk, 2, "failed")
    assert [row["attempt"] for row in rows] == [1, 0] and "disabled" in rows[1]["error"]
    (await desk.post(f"/_admin/webhook-logs/{rows[1]['id']}/retry")).expect(200)
    assert [row["attempt"] for row in await settled(desk, 2, "failed")] == [1, 0]
    assert len(receiver.requests) == 1


async def test_a_new_url_resets_the_endpoint(desk: Client, receiver: HttpReceiver) -> None:
    receiver.respond = lambda number: 410
    webhook = await make(desk, receiver.url)
    await write(desk, "a")
    await circuit(desk, webhook, "disabled")
    receiver.respond = lambda number: 200
    changed = {"entity": "ticket", "url": receiver.url + "/new"}
    (await desk.put(f"/_admin/webhooks/{webhook['id']}", changed)).expect(200)
    await circuit(desk, webhook, "closed")
    await write(desk, "b")
    await eventually(lambda: [p["record"]["title"] for p in receiver.payloads] == ["a", "b"])


async def test_a_circuit_opens_tries_once_and_closes(desk: Client, receiver: HttpReceiver) -> None:
    receiver.respond = lambda number: 503
    webhook = await make(desk, receiver.url, retry={"max_attempts": 1})
    await write(desk, *map(str, range(10)))
    shown = await circuit(desk, webhook, "open")
    assert shown["failing_since"]
    assert len(receiver.requests) == 10
    receiver.respond = lambda number: 200
    await write(desk, *map(str, range(10, 14)))
    # Nothing more has failed: what was held back arrives when a try has succeeded.
    await eventually(lambda: {p["record"]["title"] for p in receiver.payloads} == set(map(str, range(14))))
    await circuit(desk, webhook, "closed")
    await eventually(lambda: signals(desk, "circuit_opened"))
    await eventually(lambda: signals(desk, "circuit_closed"))
    assert {row["attempt"] for row in await settled(desk, 14, "failed", "delivered")} == {1}


async def test_retries_use_the_current_url(desk: Client, receiver: HttpReceiver) -> None:
    webhook = await make(desk, NOBODY, retry={"max_attempts": 2, "delay": 600})
    gone = await make(desk, NOBODY + "gone", retry={"max_attempts": 2, "delay": 600})
    await write(desk, "a")
    rows = await settled(desk, 2, "retrying")
    (await desk.put(f"/_admin/webhooks/{webhook['id']}", {"entity": "ticket", "url": receiver.url})).expect(200)
    (await desk.delete(f"/_admin/webhooks/{gone['id']}")).expect(200)
    for row in rows:
        (await desk.post(f"/_admin/webhook-logs/{row['id']}/retry")).expect(200)
    rows = await settled(desk, 2, "delivered", "failed")
    by_webhook = {row["webhook_id"]: row for row in rows}
    assert by_webhook[webhook["id"]]["status"] == "delivered"
    assert by_webhook[webhook["id"]]["url"] == receiver.url
    assert by_webhook[gone["id"]]["error"] == "the webhook has been deleted"
    (await desk.post(f"/_admin/webhook-logs/{by_webhook[webhook['id']]['id']}/retry")).expect(422)


async def test_ordered_delivery_per_record(desk: Client, receiver: HttpReceiver) -> None:
    failing = {"times": 2}

    async def answer(request: web.Request, payload: Any) -> web.StreamResponse:
        if payload["record"]["title"] == "1" and failing["times"]:
            failing["times"] -= 1
            return web.Response(status=500)
        return web.Response()

    receiver.answer = answer
    await make(desk, receiver.url, ordered=True, condition="action == 'update'")
    first, other = await write(desk, "0", "other")
    for title in "1234":
        (await desk.put(f"/ticket/{first}", {"title": title})).expect(200)
    (await desk.put(f"/ticket/{other}", {"title": "unhindered"})).expect(200)
    await settled(desk, 5, "delivered")
    told = [p["record"]["title"] for p in receiver.payloads if p["record"]["id"] == first]
    assert told == ["1", "1", "1", "2", "3", "4"]


async def test_a_hanging_endpoint_delays_no_other(desk: Client, receiver: HttpReceiver) -> None:
    async with http_receiver() as slow:
        release = asyncio.Event()

        async def hang(request: web.Request, payload: Any) -> web.StreamResponse:
            await release.wait()
            return web.Response()

        slow.answer = hang
        await make(desk, slow.url, timeout=30)
        await make(desk, receiver.url)
        await write(desk, *map(str, range(20)))
        await eventually(lambda: len(receiver.requests) == 20)
        assert 1 <= len(slow.requests) <= 4, "one endpoint has few under way at once"

        async def delivered() -> bool:
            return len(await logs(desk, "status=delivered")) == 20

        await eventually(delivered)
        release.set()
        await settled(desk, 40, "delivered")


async def test_a_test_delivery_is_sent_and_returned(desk: Client, receiver: HttpReceiver) -> None:
    webhook = await make(desk, receiver.url, active=False)
    row = (await desk.post(f"/_admin/webhooks/{webhook['id']}/test")).expect(200).data
    assert (row["status"], row["origin"], row["response_status"]) == ("delivered", "test", 200)
    payload = Webhook(webhook["secret"]).verify(receiver.bodies[0], receiver.requests[0][0])
    assert (payload["test"], payload["entity"], payload["action"]) == (True, "ticket", "create")
    assert set(payload["record"]) == {"id", "title", "status"}
    receiver.respond = lambda number: 500
    row = (await desk.post(f"/_admin/webhooks/{webhook['id']}/test")).expect(200).data
    assert (row["status"], row["error"]) == ("failed", "the endpoint answered 500")
    assert (await state_of(desk, webhook))["circuit"] == "closed"
    (await desk.post("/_admin/webhooks/nope/test")).expect(404)


async def test_a_range_of_the_log_is_replayed(desk: Client, receiver: HttpReceiver) -> None:
    first = (await desk.post("/ticket", {"title": "before it"})).headers["X-Commit"]
    webhook = await make(desk, receiver.url, condition="record.title != 'skipped'")
    await write(desk, "a", "skipped", "b")
    last = (await desk.post("/ticket", {"title": "c"})).headers["X-Commit"]
    (await desk.post("/ticket", {"title": "after it"})).expect(201)
    await settled(desk, 4, "delivered")
    told = {p["idempotency_key"] for p in receiver.payloads}
    begun = await desk.post(f"/_admin/webhooks/{webhook['id']}/replay", {"from": int(first), "to": int(last)})
    assert begun.expect(202).data["status"] == "running"
    rows = await settled(desk, 8, "delivered")
    again = [row for row in rows if row["origin"] == "replay"]
    assert len(again) == 4
    replays = receiver.requests[4:]
    assert sorted(p["record"]["title"] for _, p in replays) == ["a", "b", "before it", "c"]
    assert all(headers["webhook-replay"] == "true" for headers, _ in replays)
    assert told.isdisjoint(p["idempotency_key"] for _, p in replays)

    async def done() -> bool:
        [row] = (await desk.get(f"/_admin/webhooks/{webhook['id']}/replays")).data
        return (row["status"], row["deliveries"], row["position"]) == ("done", 4, int(last))

    await eventually(done)


async def test_an_invalid_range_is_refused(desk: Client) -> None:
    webhook = await make(desk, NOBODY)
    bad: list[Any] = [{}, {"from": "soon"}, {"from": True}, {"from": 1, "to": "never"}]
    for body, status in (*((each, 422) for each in bad), ([], 400)):
        (await desk.post(f"/_admin/webhooks/{webhook['id']}/replay", body)).expect(status)


async def test_a_range_of_time_is_replayed(desk: Client, receiver: HttpReceiver) -> None:
    webhook = await make(desk, receiver.url)
    await write(desk, "a", "b")
    await settled(desk, 2, "delivered")
    (await desk.post(f"/_admin/webhooks/{webhook['id']}/replay", {"from": "2020-01-01T00:00:00Z"})).expect(202)
    await settled(desk, 4, "delivered")


async def test_a_new_webhook_receives_later_commits_only(desk: Client, receiver: HttpReceiver, stack: Stack) -> None:
    """Also when the commit is handled much later, by a service that knows the newer definitions already."""
    kept = await make(desk, receiver.url + "/kept", condition="record.title == 'early'")
    stack.pause("webhook")
    try:
        await write(desk, "early")
        await make(desk, receiver.url + "/later")
        changed = {"entity": "ticket", "url": receiver.url + "/kept", "condition": "record.title == 'late'"}
        (await desk.put(f"/_admin/webhooks/{kept['id']}", changed)).expect(200)
        await write(desk, "late")
    finally:
        stack.resume("webhook")
    rows = await settled(desk, 3, "delivered")
    told = sorted((row["url"].rpartition("/")[2], row["request_body"]["record"]["title"]) for row in rows)
    assert told == [("kept", "early"), ("kept", "late"), ("later", "late")]


async def test_administration_is_for_admins(desk: Client) -> None:
    webhook = await make(desk, NOBODY)
    user = await desk.user("u@example.org", ["reader"])
    for action in ("test", "enable", "replay", "rotate-secret"):
        (await user.post(f"/_admin/webhooks/{webhook['id']}/{action}", {"from": 1})).expect(403)
    (await user.get(f"/_admin/webhooks/{webhook['id']}/replays")).expect(403)


async def test_requests_of_transitions_are_signed_too(desk: Client, receiver: HttpReceiver) -> None:
    call = {"type": "webhook", "url": receiver.url + "/done"}
    transitions = [{"from": "open", "to": "done", "actions": [call]}]
    machine = {"entity": "ticket", "field": "status", "definition": {"initial": "open", "transitions": transitions}}
    machine_id = (await desk.define(machine, "state-machines"))["id"]
    secret = (await desk.post(f"/_admin/webhooks/{machine_id}/rotate-secret")).expect(200).data["secret"]
    [ticket] = await write(desk, "a")
    (await desk.put(f"/ticket/{ticket}", {"status": "done"})).expect(200)
    await eventually(lambda: receiver.requests)
    payload = Webhook(secret).verify(receiver.bodies[0], receiver.requests[0][0])
    assert payload["transition"] == {"field": "status", "from": "open", "to": "done"}
    [row] = await settled(desk, 1, "delivered")
    assert (row["webhook_id"], row["hook"]) == (machine_id, "transition")


async def test_payloads_are_narrowed_to_fields(desk: Client, receiver: HttpReceiver) -> None:
    wrong = {"entity": "ticket", "url": receiver.url, "fields": ["title", "staus"]}
    refused = (await desk.post("/_admin/webhooks", wrong)).expect(422).details[0]
    assert refused["field"] == "fields.1" and "status" in refused["message"]
    (await desk.post("/_admin/webhooks", {**wrong, "fields": []})).expect(422)
    webhook = await make(desk, receiver.url, fields=["title"], condition='record.status != "hidden"')
    (ticket,) = await write(desk, "a")
    (await desk.put(f"/ticket/{ticket}", {"title": "b", "status": "open"})).expect(200)
    (await desk.put(f"/ticket/{ticket}", {"title": "c", "status": "hidden"})).expect(200)
    rows = await settled(desk, 2, "delivered")
    assert [body["record"] for _, body in receiver.requests] == [{"title": "a"}, {"title": "b"}]
    update = receiver.requests[1][1]
    assert (update["old"], update["changes"]) == ({"title": "a"}, {"title": {"old": "a", "new": "b"}})
    assert [row["request_body"]["record"] for row in rows] == [{"title": "a"}, {"title": "b"}]
    renamed = entity("ticket", {"name": "subject", "type": "string", "renamed_from": "title"}, text("status"))
    (await desk.put("/_admin/entities/ticket", renamed)).expect(200)
    assert (await state_of(desk, webhook))["fields"] == ["subject"]
    verified = (await desk.post("/_admin/projections/webhook/verify")).expect(202).data["id"]

    async def compared() -> Any:
        found = (await desk.get(f"/_admin/projections/webhook/replays/{verified}")).expect(200).data
        return found["status"] == "done" and found

    assert (await eventually(compared, within=20))["differences"] == 0
