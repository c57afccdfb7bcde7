"""What imports set off, and what a dry run says of it before."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, integer, text
from tests.support.imports import imported, refusals
from tests.support.receivers import HttpReceiver

ORDER = entity("order", text("title", required=True), text("status", default="new"), integer("amount"))
MACHINE = {
    "entity": "order", "field": "status",
    "definition": {"initial": "new", "transitions": [{"from": "new", "to": "open"}]},
}  # fmt: skip
WORKFLOW = {
    "name": "large", "trigger": {"type": "record_created", "entity": "order", "condition": "record.amount > 5"},
    "steps": [{"id": "mark", "type": "action", "actions": [
        {"type": "set_field", "entity": "order", "record_id": "trigger.record_id", "field": "title", "value": "big"}]}],
}  # fmt: skip
RULE = {
    "name": "tell", "entity": "order", "hook": "after_create", "condition": "record.amount == 9", "channel": "in_app",
    "recipients": [{"role": "admin"}], "tell_actor": True, "template": {"subject": "{{ record.title }}", "body": "x"},
}  # fmt: skip


async def test_a_dry_run_says_what_the_import_then_sets_off(admin: Client, receiver: HttpReceiver) -> None:
    await admin.define(ORDER)
    await admin.define(MACHINE, "state-machines")
    await admin.define(WORKFLOW, "workflows")
    await admin.define(RULE, "notification-rules")
    await admin.define({"entity": "order", "url": receiver.url, "condition": "record.amount < 3"}, "webhooks")
    rows = "".join(f"o{n},{n}\n" for n in range(10))
    body = f"title,amount\n{rows},1\n".encode()
    dry = await imported(admin, "order", body, dry_run=True)
    assert (dry["created"], dry["refused"]) == (10, 1)
    assert dry["effects"] == {"workflows": {"large": 4}, "webhooks": {receiver.url: 3}, "notifications": {"tell": 1}}
    assert (await admin.get("/order")).meta["total"] == 0 and not receiver.requests
    done = await imported(admin, "order", body)
    assert (done["created"], done["effects"]) == (10, None)

    async def marked() -> bool:
        return bool((await admin.get("/order?filter[title]=big")).expect(200).meta["total"] == 4)

    async def told() -> bool:
        return len((await admin.get("/_notifications")).expect(200).data) == 1

    await eventually(lambda: len(receiver.requests) == 3, within=60)
    await eventually(told, within=60)
    await eventually(marked, within=60)


async def test_rules_machines_and_synchronous_webhooks_refuse_rows(admin: Client, receiver: HttpReceiver) -> None:
    await admin.define(ORDER)
    await admin.define(MACHINE, "state-machines")
    rule = {"field": "amount", "operator": "max", "value": 100, "message": "too much"}
    await admin.define({"entity": "order", "hook": "before_write", "type": "field", "definition": rule}, "rules")
    computed = {"field": "amount", "expression": "record.amount + 1"}
    await admin.define({"entity": "order", "hook": "before_write", "type": "computed", "definition": computed}, "rules")

    async def veto(request: web.Request, payload: Any) -> web.StreamResponse:
        return web.Response(status=409 if payload["record"]["title"] == "vetoed" else 200)

    receiver.answer = veto
    hook = {"entity": "order", "url": receiver.url, "hook": "before_write", "async": False}
    await admin.define(hook, "webhooks")
    body = b"title,amount,status\nfine,1,new\nlarge,101,new\nstate,1,open\nvetoed,1,new\nalso fine,2,\n"
    done = await imported(admin, "order", body)
    assert (done["status"], done["created"], done["refused"]) == ("done", 2, 3), done
    reasons = {row["title"]: row["_reasons"] for row in await refusals(admin, done)}
    assert "too much" in reasons["large"] and "status" in reasons["state"] and "webhook" in reasons["vetoed"].lower()
    assert {row["amount"] for row in (await admin.get("/order")).data} == {2, 3}
