"""Numbers keep all their digits on every path, and dates their full range."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, integer, text
from tests.support.receivers import HttpReceiver

SUM = "1234567890123456.78"
MORE = "1234567890123456.79"
PI = "3.14159265358979323846264338327950288"
DETAILS = '{"n": 123456789.123456789012, "tiny": 1e-400, "big": 123456789012345678901234567890}'
TINY = "0." + "0" * 399 + "1"
BODY = f'{{"name": "a", "amount": {SUM}, "rate": {PI}, "details": {DETAILS}, "status": "open"}}'


def decimal(name: str, **settings: Any) -> dict[str, Any]:
    return {"name": name, "type": "decimal", **settings}


@pytest.fixture
async def desk(admin: Client) -> Client:
    """An app with invoices."""
    details = {"name": "details", "type": "json"}
    await admin.define(
        entity("invoice", text("name"), decimal("amount", precision=2), decimal("rate"), details, text("status"))
    )
    return admin


async def said(caller: Client, path: str, method: str = "GET", body: str | None = None) -> str:
    """An answer as text: reading it as JSON would lose what is looked for."""
    headers = {"Authorization": f"Bearer {caller.token}"}
    data = body.encode() if body else None
    async with caller.session.request(method, caller.url + caller.prefix + path, data=data, headers=headers) as reply:
        assert reply.status < 300, await reply.text()
        return await reply.text()


def plain(document: str) -> str:
    return document.replace(" ", "")


async def make(desk: Client) -> str:
    shown = await said(desk, "/invoice", "POST", BODY)
    assert_whole(shown)
    (row,) = (await desk.get("/invoice")).data
    return str(row["id"])


def assert_whole(shown: str) -> None:
    for digits in (SUM, PI, "123456789.123456789012", TINY, "123456789012345678901234567890"):
        assert digits in shown, f"{digits} is not in {shown}"


async def seen(desk: Client, path: str, *digits: str) -> str:
    """What is answered there, as soon as all of these digits are in it."""

    async def look() -> str | None:
        shown = await said(desk, path)
        return shown if all(each in shown for each in digits) else None

    return await eventually(look)


async def test_records_keep_their_digits_wherever_they_are_read(desk: Client) -> None:
    key = await make(desk)
    position = (await desk.get("/_commits")).data[0]["position"]
    for path in (
        f"/{key}", f"/{key}?version=1", f"/{key}/history", "/_export?format=ndjson", "/_export?format=csv",
        "", f"?filter[amount]={SUM}", f"?as_of={position}",
    ):  # fmt: skip
        assert_whole(await said(desk, f"/invoice{path}"))
    await seen(desk, "/_admin/audit-logs?entity=invoice", SUM, PI, TINY)
    assert '"count":1' in plain(await said(desk, f"/invoice/_aggregate?count=*&filter[amount.gt]={SUM[:-1]}7"))
    assert SUM in await said(desk, "/invoice/_aggregate?sum=amount")
    assert (await desk.get(f"/invoice?filter[amount.gt]={SUM}")).data == []


async def test_a_change_of_the_last_digit_is_stored_and_undone(desk: Client, receiver: HttpReceiver) -> None:
    hook = {"entity": "invoice", "url": receiver.url, "condition": "action == 'update' && record.amount > old.amount"}
    await desk.define(hook, "webhooks")
    key = await make(desk)
    await said(desk, f"/invoice/{key}", "PUT", f'{{"amount": {MORE}}}')
    await eventually(lambda: receiver.bodies)
    told = plain(receiver.bodies[0].decode())
    assert f'"changes":{{"amount":{{"old":{SUM},"new":{MORE}}}}}' in told
    assert_whole(told)
    history = await said(desk, f"/invoice/{key}/history")
    assert f'"old":{SUM},"new":{MORE}' in plain(history)
    commit = (await desk.get(f"/invoice/{key}/history")).data[0]["commit_id"]
    (await desk.post(f"/_commits/{commit}/undo")).expect(200)
    assert_whole(await said(desk, f"/invoice/{key}"))
    log = await said(desk, "/_admin/webhook-logs")
    assert (SUM in log, MORE in log) == (True, True)


async def test_webhooks_and_replays_send_all_digits(desk: Client, receiver: HttpReceiver) -> None:
    ask = {"entity": "invoice", "hook": "before_write", "async": False, "url": receiver.url}
    await desk.define({**ask, "condition": f"record.amount == {SUM}"}, "webhooks")
    await make(desk)
    assert_whole(receiver.bodies[0].decode())
    (await desk.post("/invoice", {"amount": 1234567890123456})).expect(201)
    assert len(receiver.bodies) == 1, "the condition holds for other amounts"
    late = {"entity": "invoice", "url": f"{receiver.url}/late", "condition": f"record.amount == {SUM}"}
    hook = await desk.define(late, "webhooks")
    (await desk.post(f"/_admin/webhooks/{hook['id']}/replay", {"from": "1"})).expect(202)
    await eventually(lambda: len(receiver.bodies) == 2)
    assert_whole(receiver.bodies[1].decode())


async def test_workflows_and_notifications_keep_all_digits(desk: Client, receiver: HttpReceiver) -> None:
    copy = {"type": "set_field", "entity": "invoice", "record_id": "context.id", "field": "status", "value": "done"}
    workflow = {
        "name": "flow",
        "trigger": {"type": "state_change", "entity": "invoice", "field": "status", "to": "open"},
        "context": {"id": "record.id", "amount": "record.amount", "all": "record"},
        "steps": [
            {
                "id": "look", "type": "condition", "expression": f"context.amount == {SUM}",
                "on_true": {"goto": "act"}, "on_false": "end",
            },
            {
                "id": "act", "type": "action",
                "actions": [{"type": "webhook", "url": receiver.url, "method": "POST"}, copy],
            },
        ],
    }  # fmt: skip
    machine = {"initial": "open", "transitions": [{"from": "open", "to": "done"}]}
    await desk.define({"entity": "invoice", "field": "status", "definition": machine}, "state-machines")
    await desk.define(workflow, "workflows")
    rule = {
        "name": "tell", "entity": "invoice", "hook": "after_create", "condition": f"record.amount == {SUM}",
        "channel": "in_app", "recipients": [{"role": "admin"}], "tell_actor": True,
        "template": {"subject": "{{ record.amount }}", "body": "{{ record.rate }} {{ record.details }}"},
    }  # fmt: skip
    await desk.define(rule, "notification-rules")
    key = await make(desk)
    await eventually(lambda: receiver.bodies)
    assert_whole(receiver.bodies[0].decode())
    assert_whole(await seen(desk, "/_workflows", SUM))
    assert SUM in await seen(desk, "/_notifications", SUM, PI)

    async def done() -> bool:
        return bool((await desk.get(f"/invoice/{key}")).data["status"] == "done")

    await eventually(done)
    assert_whole(await said(desk, f"/invoice/{key}"))


async def test_definitions_keep_the_digits_of_their_values(desk: Client) -> None:
    limit = f'{{"field": "amount", "operator": "max", "value": {SUM}}}'
    rule = f'{{"entity": "invoice", "hook": "before_write", "type": "field", "definition": {limit}}}'
    assert SUM in await said(desk, "/_admin/rules", "POST", rule)
    (await desk.post("/invoice", {"amount": SUM})).expect(201)
    (await desk.post("/invoice", {"amount": MORE})).expect(422)
    assert SUM in await said(desk, "/_admin/export")
    clerk = await desk.user("clerk@x.y", ["clerk"])
    condition = f'{{"field": "amount", "operator": "eq", "value": {SUM}}}'
    policy = f'{{"entity": "invoice", "action": "read", "roles": ["clerk"], "conditions": [{condition}]}}'
    await said(desk, "/_admin/permissions", "POST", policy)
    (await desk.post("/invoice", {"amount": SUM[:-1] + "7"})).expect(201)
    assert len((await clerk.get("/invoice")).data) == 1
    definition = entity(
        "bill", decimal("amount", precision=2, default=SUM), {"name": "n", "type": "integer", "default": "5"}
    )
    made = (await desk.post("/_admin/entities", definition)).expect(201).data
    assert [field["type"] for field in made["fields"]] == ["uuid", "decimal", "int"]
    assert made["fields"][2]["default"] == 5
    assert f'"default":{SUM}' in plain(await said(desk, "/_admin/entities/bill"))
    assert SUM in await said(desk, "/bill", "POST", "{}")
    assert f'"default":{SUM}' in plain(await said(desk, "/openapi.json"))


async def test_business_events_keep_all_digits(desk: Client) -> None:
    await said(desk, "/_events", "POST", f'{{"action": "paid", "metadata": {{"amount": {SUM}}}}}')
    (row,) = (await desk.get("/_events?action=paid")).data
    assert SUM in await said(desk, "/_events?action=paid")
    assert SUM in await said(desk, f"/_events/trace/{row['trace_id']}")


async def test_numbers_that_json_fields_cannot_keep_are_refused(desk: Client) -> None:
    async with desk.session.post(
        f"{desk.url}{desk.prefix}/invoice",
        data=b'{"details": {"a": [1e-3000]}}',
        headers={"Authorization": f"Bearer {desk.token}"},
    ) as reply:
        assert reply.status == 422
        assert (await reply.json())["error"]["details"][0]["field"] == "details"


async def test_numbers_as_text_are_taken_for_numeric_fields(admin: Client) -> None:
    floating = {"name": "ratio", "type": "float"}
    await admin.define(
        entity("item", integer("n", enum=[12, 13]), decimal("price", precision=2), floating, text("name"))
    )
    row = (await admin.post("/item", {"n": "12", "price": "12.50", "ratio": "0.1"})).expect(201).data
    assert (row["n"], row["price"], row["ratio"]) == (12, 12.5, 0.1)
    assert '"price":12.50' in plain(await said(admin, f"/item/{row['id']}"))
    row = (await admin.put(f"/item/{row['id']}", {"n": "13.00"})).expect(200).data
    assert row["n"] == 13
    for bad in ({"n": "12.5"}, {"n": ""}, {"n": "x"}, {"n": "14"}, {"price": "1,5"}, {"ratio": "nan"}, {"name": 5}):
        refused = (await admin.post("/item", bad)).expect(422)
        assert refused.details[0]["field"] == next(iter(bad))


async def test_floats_are_64_bit_floats_in_all_layers(admin: Client, receiver: HttpReceiver) -> None:
    await admin.define(entity("point", {"name": "x", "type": "float"}, {"name": "y", "type": "float", "indexed": True}))
    await admin.define({"entity": "point", "url": receiver.url, "condition": "record.x == 0.1"}, "webhooks")
    doubled = {"field": "y", "expression": "record.x == 0.1 ? record.x * 2 : 0"}
    rule = {"entity": "point", "hook": "before_write", "type": "computed", "definition": doubled}
    await admin.define(rule, "rules")
    row = (await admin.post("/point", {"x": 0.1})).expect(201).data
    assert (row["x"], row["y"]) == (0.1, 0.2)
    for value in (1e300, -1.7976931348623157e308, 5e-324, 123456789.12345679, 3):
        key = (await admin.post("/point", {"x": value, "y": 0})).data["id"]
        assert (await admin.get(f"/point/{key}")).data["x"] == value
        assert (await admin.get(f"/point?filter[x]={value}".replace("+", "%2B"))).data[0]["id"] == key
        assert float((await admin.get(f"/point/{key}/history")).data[0]["changed"]["x"]["new"]) == value
    (await admin.post("/point", {"x": True})).expect(422)
    await eventually(lambda: len(receiver.bodies) == 1)
    assert receiver.payloads[0]["record"]["x"] == 0.1
    await admin.grant("point", "read", "clerk", visible_when={"x": "record.x == 0.1"})
    clerk = await admin.user("clerk@x.y", ["clerk"])
    (shown,) = (await clerk.get("/point?filter[x]=0.1")).data
    assert shown["x"] == 0.1
    found = (
        await admin.get("/point/_aggregate?count=*&sum=x&filter[x.lt]=1000&filter[x.gt]=0.01&having[sum.x.gt]=3.05")
    ).data
    assert found == [{"count": 2, "sum": {"x": 3.1}}]
    schema = (await admin.get("/openapi.json")).body["components"]["schemas"]
    assert "double" in str(schema)


async def test_the_first_and_last_dates_are_accepted(desk: Client, stack: Stack) -> None:
    await desk.define(
        entity("era", {"name": "day", "type": "date", "unique": True}, {"name": "at", "type": "timestamp"})
    )
    first, last = "0001-01-01", "9999-12-31"
    begin, end = f"{first}T00:00:00+00:00", f"{last}T23:59:59.999999+00:00"
    made = {}
    for day, moment in ((first, begin), (last, end)):
        made[day] = (await desk.post("/era", {"day": day, "at": moment})).expect(201).data
        assert (made[day]["day"], made[day]["at"]) == (day, moment)
        key = made[day]["id"]
        assert (await desk.get(f"/era/{key}")).data == made[day]
        assert [row["id"] for row in (await desk.get(f"/era?filter[day]={day}")).data] == [key]
        at = moment.replace("+00:00", "Z")
        assert [row["id"] for row in (await desk.get(f"/era?filter[at]={at}")).data] == [key]
        assert (await desk.put(f"/era/{key}", {"at": moment})).expect(200).data["at"] == moment
        assert (await desk.get(f"/era/{key}?version=1")).data["day"] == day
    assert [row["day"] for row in (await desk.get("/era?sort=-at")).data] == [last, first]
    assert (await desk.get("/era?filter[day.between]=0001-01-01,9999-12-31")).meta["total"] == 2
    (await desk.post("/era", {"day": last})).expect(409)
    for bad in ("0000-12-31", "10000-01-01"):
        (await desk.post("/era", {"day": bad})).expect(422)
    await desk.put(f"/era/{made[last]['id']}", {"day": "2000-01-01"})
    commit = (await desk.get(f"/era/{made[last]['id']}/history")).data[0]["commit_id"]
    (await desk.post(f"/_commits/{commit}/undo")).expect(200)
    assert (await desk.get(f"/era/{made[last]['id']}")).data["day"] == last


@pytest.mark.parametrize("number", ["1e99999999999999999999", "-1e-99999999999999999999", "1e999999999", "1e-2000"])
async def test_numbers_out_of_range_name_their_field(desk: Client, number: str) -> None:
    """Also where a library would write them out: a billion digits stop a service."""
    headers = {"Authorization": f"Bearer {desk.token}"}

    async def asked(path: str, body: str) -> tuple[int, str]:
        url = desk.url + desk.prefix + path
        async with desk.session.request("POST", url, data=body, headers=headers) as reply:
            return reply.status, await reply.text()

    for field, value in {"rate": number, "details": f'{{"n": {number}}}'}.items():
        status, said = await asked("/invoice", f'{{"{field}": {value}}}')
        assert status == 422
        assert f'"{field}"' in said
    step = '{"id": "a", "type": "condition", "expression": "true"}'
    trigger = f'{{"type": "state_change", "entity": "invoice", "field": "amount", "to": {number}}}'
    status, _ = await asked("/_admin/workflows", f'{{"name": "w", "trigger": {trigger}, "steps": [{step}]}}')
    assert status in (201, 422)  # what rounds to 0 is a value
    length = f'{{"field": "name", "operator": "min_length", "value": {number}}}'
    rule = f'{{"entity": "invoice", "hook": "before_write", "type": "field", "definition": {length}}}'
    assert (await asked("/_admin/rules", rule))[0] == 422


async def test_numbers_beyond_floats_keep_their_digits(desk: Client) -> None:
    shown = await said(desk, "/invoice", "POST", f'{{"rate": 1e400, "details": {{"n": -1e400, "m": {"9" * 400}}}}}')
    for digits in (f'"rate":1{"0" * 400}', f'"n":-1{"0" * 400}', f'"m":{"9" * 400}'):
        assert digits in plain(shown)
