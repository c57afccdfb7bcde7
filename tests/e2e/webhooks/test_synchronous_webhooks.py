"""Webhooks with `async: false`: receivers are called before a write and may reject it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, integer, text
from tests.support.receivers import HttpReceiver
from tests.support.relations import reference

REASON = "The budget is spent"


@pytest.fixture
async def shop(admin: Client) -> Client:
    """An app with orders, their lines, and nothing else."""
    await admin.define(entity("order", text("title", required=True), integer("total"), soft_delete=True))
    await admin.define(entity("line", text("sku", unique=True), reference("order_id")))
    await admin.relate("lines", "one_to_many", "order", "line", on_delete="cascade")
    return admin


async def hook(shop: Client, url: str, name: str = "before_write", **parts: Any) -> str:
    """A webhook that is asked; its id."""
    document = {"entity": "order", "hook": name, "url": url, "async": False, **parts}
    return str((await shop.define(document, "webhooks"))["id"])


def refusing(when: Callable[[Any], bool]) -> Callable[[web.Request, Any], Any]:
    """Answers that refuse the payloads that `when` holds for, with a reason."""

    async def answer(request: web.Request, payload: Any) -> web.StreamResponse:
        return web.json_response({"message": REASON}, status=403) if when(payload) else web.Response()

    return answer


async def titles(shop: Client) -> list[str]:
    return sorted(row["title"] for row in (await shop.get("/order")).data)


async def test_a_receiver_can_reject_a_write(shop: Client, receiver: HttpReceiver) -> None:
    webhook = await hook(shop, receiver.url)
    receiver.answer = refusing(lambda payload: (payload["record"]["total"] or 0) > 100)
    created = (await shop.post("/order", {"title": "a", "total": 1})).expect(201).data
    [asked] = receiver.payloads
    assert (asked["event"], asked["entity"], asked["action"]) == ("before_write", "order", "create")
    assert asked["record"] == {"id": created["id"], "title": "a", "total": 1}
    assert "old" not in asked
    assert asked["idempotency_key"].startswith("wh_")
    refused = (await shop.put(f"/order/{created['id']}", {"total": 101})).expect(422)
    assert (refused.code, refused.body["error"]["message"]) == ("VALIDATION_FAILED", REASON)
    assert refused.details == [{"rule": "webhook", "message": REASON}]
    assert "X-Commit" not in refused.headers
    asked = receiver.payloads[-1]
    assert (asked["action"], asked["old"]["total"], asked["record"]["total"]) == ("update", 1, 101)
    assert asked["record"]["title"] == "a"
    assert asked["changes"] == {"total": {"old": 1, "new": 101}}
    assert (await shop.get(f"/order/{created['id']}")).data["total"] == 1
    logs = (await shop.get(f"/_admin/webhook-logs?webhook_id={webhook}")).data
    assert [(row["status"], row["response_status"], row["origin"]) for row in logs] == [
        ("failed", 403, "question"),
        ("delivered", 200, "question"),
    ]
    assert (await shop.get(f"/order/{created['id']}/history")).meta["total"] == 1


async def test_deletions_are_sent_to_receivers(shop: Client, receiver: HttpReceiver) -> None:
    await hook(shop, receiver.url, "before_delete")
    receiver.answer = refusing(lambda payload: payload["record"]["title"] == "keep")
    keep, go = [(await shop.post("/order", {"title": title})).data["id"] for title in ("keep", "go")]
    assert receiver.requests == []
    assert (await shop.delete(f"/order/{keep}")).expect(422).body["error"]["message"] == REASON
    (await shop.delete(f"/order/{go}")).expect(200)
    assert [payload["action"] for payload in receiver.payloads] == ["delete", "delete"]
    assert receiver.payloads[0]["record"] == receiver.payloads[0]["old"]
    refused = (await shop.request("DELETE", "/order/_bulk", [keep])).expect(422)
    assert refused.details == [{"rule": "webhook", "message": REASON, "index": 0}]
    assert await titles(shop) == ["keep"]


async def test_a_rejection_rolls_back_children_and_all_rows(shop: Client, receiver: HttpReceiver) -> None:
    await hook(shop, receiver.url)
    receiver.answer = refusing(lambda payload: payload["record"]["title"] == "bad")
    lines = {"data": [{"sku": "s1"}, {"sku": "s2"}]}
    (await shop.post("/order", {"title": "bad", "lines": lines})).expect(422)
    assert receiver.payloads[-1]["record"]["lines"] == {"_write_mode": "diff", "data": lines["data"]}
    assert (await shop.get("/line")).data == []
    (await shop.post("/order", {"title": "good", "lines": lines})).expect(201)
    assert len((await shop.get("/line")).data) == 2
    rows = [{"title": "x"}, {"title": "bad"}, {"title": "y"}]
    refused = (await shop.post("/order/_bulk", rows)).expect(422)
    assert refused.details == [{"rule": "webhook", "message": REASON, "index": 1}]
    assert await titles(shop) == ["good"]
    before = len(receiver.requests)
    (await shop.post("/order/_bulk?dry_run=true", rows)).expect(200)
    assert len(receiver.requests) == before, "a dry run asks nobody"
    receiver.answer = None
    assert (await shop.post("/order/_bulk", rows)).expect(201).data["created"] == 3


async def test_children_with_their_own_receivers(shop: Client, receiver: HttpReceiver) -> None:
    await hook(shop, receiver.url, entity="line")
    receiver.answer = refusing(lambda payload: payload["record"]["sku"] == "bad")
    body = {"title": "a", "lines": {"data": [{"sku": "good"}, {"sku": "bad"}]}}
    refused = (await shop.post("/order", body)).expect(422)
    assert refused.details == [
        {"rule": "webhook", "message": REASON, "relation": "lines", "path": "lines[1]", "index": 1}
    ]
    assert await titles(shop) == []
    assert {payload["record"]["sku"] for payload in receiver.payloads} == {"good", "bad"}


async def test_only_webhooks_whose_condition_holds_are_called(shop: Client, receiver: HttpReceiver) -> None:
    await hook(shop, receiver.url, condition="record.total > 100 && action == 'create'")
    await hook(shop, receiver.url + "/inactive", active=False)
    receiver.answer = refusing(lambda payload: True)
    order = (await shop.post("/order", {"title": "small", "total": 1})).expect(201).data
    (await shop.put(f"/order/{order['id']}", {"total": 1000})).expect(200)
    assert receiver.requests == []
    (await shop.post("/order", {"title": "large", "total": 101})).expect(422)
    assert len(receiver.requests) == 1


async def test_an_unreachable_receiver_rejects_or_allows(shop: Client, receiver: HttpReceiver) -> None:
    nobody = "http://127.0.0.1:1/"
    rejecting = await hook(shop, nobody)
    refused = (await shop.post("/order", {"title": "a"})).expect(503)
    assert refused.code == "SERVICE_UNAVAILABLE"
    assert "127.0.0.1" not in str(refused.body), "where receivers are is not for everybody"
    definition = {"entity": "order", "hook": "before_write", "url": nobody, "async": False, "on_failure": "allow"}
    (await shop.put(f"/_admin/webhooks/{rejecting}", definition)).expect(200)
    (await shop.post("/order", {"title": "b"})).expect(201)
    (await shop.put(f"/_admin/webhooks/{rejecting}", {**definition, "url": receiver.url})).expect(200)
    receiver.respond = lambda number: 500
    (await shop.post("/order", {"title": "c"})).expect(201)
    receiver.respond = lambda number: 409
    (await shop.post("/order", {"title": "d"})).expect(422)
    assert await titles(shop) == ["b", "c"]


async def test_a_hanging_receiver_times_out_and_holds_no_lock(shop: Client, receiver: HttpReceiver) -> None:
    order = (await shop.post("/order", {"title": "a"})).data["id"]
    asked, release = asyncio.Event(), asyncio.Event()

    async def hang(request: web.Request, payload: Any) -> web.StreamResponse:
        asked.set()
        await release.wait()
        return web.Response()

    receiver.answer = hang
    await hook(shop, receiver.url, condition="record.title == 'slow'", timeout=2)
    slow = asyncio.create_task(shop.put(f"/order/{order}", {"title": "slow"}))
    await asyncio.wait_for(asked.wait(), 10)
    # The record is free all the while; what happens to it makes the answer be asked for anew, and then refused.
    (await shop.put(f"/order/{order}", {"title": "quick"})).expect(200)
    (await slow).expect(503)
    release.set()
    assert await titles(shop) == ["quick"]


async def test_a_concurrent_change_calls_the_receiver_again(shop: Client, receiver: HttpReceiver) -> None:
    order = (await shop.post("/order", {"title": "a", "total": 0})).data["id"]
    meddling = {"times": 1}

    async def meddle(request: web.Request, payload: Any) -> web.StreamResponse:
        if payload["record"]["title"] == "mine" and meddling["times"]:
            meddling["times"] -= 1
            (await shop.put(f"/order/{order}", {"total": payload["old"]["total"] + 1})).expect(200)
        return web.Response()

    receiver.answer = meddle
    await hook(shop, receiver.url, condition="changes.title != nil")
    written = (await shop.put(f"/order/{order}", {"title": "mine"})).expect(200).data
    assert (written["title"], written["total"]) == ("mine", 1)
    assert [payload["record"]["total"] for payload in receiver.payloads] == [0, 1]
    meddling["times"] = 2
    (await shop.put(f"/order/{order}", {"title": "b"})).expect(200)
    assert (await shop.put(f"/order/{order}", {"title": "mine"})).expect(409).code == "CONFLICT"
    assert (await shop.get(f"/order/{order}")).data["title"] == "b"


async def test_a_repeated_key_calls_the_receiver_once(shop: Client, receiver: HttpReceiver) -> None:
    await hook(shop, receiver.url)
    first = (await shop.post("/order", {"title": "a"}, Idempotency_Key="k1")).expect(201)
    again = (await shop.post("/order", {"title": "a"}, Idempotency_Key="k1")).expect(201)
    assert (first.data, again.headers["Idempotency-Replayed"]) == (again.data, "true")
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("name", ["after_write", "after_delete"])
async def test_synchronous_after_hooks_are_refused(shop: Client, name: str) -> None:
    document = {"entity": "order", "hook": name, "url": "http://127.0.0.1:1/", "async": False}
    refused = (await shop.post("/_admin/webhooks", document)).expect(422)
    assert [detail["field"] for detail in refused.details] == ["async"]


async def test_asynchronous_before_hooks_are_delivered(shop: Client, receiver: HttpReceiver) -> None:
    document = {"entity": "order", "hook": "before_write", "url": receiver.url}
    await shop.define(document, "webhooks")
    (await shop.post("/order", {"title": "a"})).expect(201)
    [payload] = await eventually(lambda: receiver.payloads)
    assert (payload["event"], payload["action"], payload["record"]["title"]) == ("before_write", "create", "a")
