"""Retries, bursts, digests, preferences, unsubscription, and the inbox."""

from __future__ import annotations

from typing import Any

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import executed
from tests.support.client import Client, entity, text
from tests.support.listeners import listening
from tests.support.receivers import HttpReceiver, Mailbox
from tests.support.relations import make
from tests.support.replays import verified

TICKET = entity("ticket", text("title"), text("owner"))
CHANNELS, RULES, PREFERENCES = (
    "/_admin/notification-channels",
    "/_admin/notification-rules",
    "/_notifications/preferences",
)
RULE = {
    "name": "told", "entity": "ticket", "hook": "after_create", "channel": "email", "recipients": [{"role": "boss"}],
    "template": {"subject": "{{ record.title }}", "body": "about {{ record.title }}"},
}  # fmt: skip
DUE = "UPDATE notify.notifications SET due_at = now() WHERE due_at IS NOT NULL"


async def send_now(stack: Stack, admin: Client) -> None:
    """Have what is held go out now."""
    await executed(stack, admin, DUE)
    # Nothing is sent again by this, but the sender looks.
    (await admin.post("/_admin/notifications/retry", {"filter": {"rule": "none"}})).expect(200)


async def rows_when(admin: Client, query: str, wanted: dict[str, int]) -> list[dict[str, Any]]:
    """The notifications of a selection, when so many have each status."""

    async def found() -> Any:
        rows = (await admin.get(f"/_admin/notifications?per_page=100&sort=created_at&{query}")).expect(200).data
        counts = {status: sum(row["status"] == status for row in rows) for status in {row["status"] for row in rows}}
        return rows if counts == wanted else None

    rows: list[dict[str, Any]] = await eventually(found)
    return rows


async def test_what_fails_is_tried_again_by_hand_and_by_filter(admin: Client, receiver: HttpReceiver) -> None:
    await admin.define(TICKET)
    receiver.respond = lambda number: 404
    channel = {"name": "chat", "type": "webhook", "config": {"url": receiver.url}}
    stored = (await admin.post(CHANNELS, channel)).expect(201).data
    (await admin.post(RULES, RULE | {"channel": "chat", "recipients": [{"email": "a@b.example"}]})).expect(201)
    for title in ("one", "two", "three"):
        await make(admin, "ticket", title=title)
    rows = await rows_when(admin, f"channel_id={stored['id']}", {"failed": 3})
    assert {row["error"] for row in rows} == {"the endpoint answered 404"} and {row["attempts"] for row in rows} == {1}
    receiver.respond = lambda number: 200
    (await admin.post(f"/_admin/notifications/{rows[0]['id']}/retry")).expect(200)
    await rows_when(admin, "channel=chat", {"sent": 1, "failed": 2})
    assert (await admin.post("/_admin/notifications/retry", {"filter": {"statsu": "failed"}})).status == 422
    again = await admin.post("/_admin/notifications/retry", {"filter": {"channel": "chat", "status": "failed"}})
    assert again.expect(200).data == {"retried": 2}
    rows = await rows_when(admin, "channel=chat", {"sent": 3})
    assert sorted(payload["subject"] for payload in receiver.payloads[3:]) == ["one", "three", "two"]
    history = (await admin.get(f"/_admin/notifications/{rows[0]['id']}")).data["history"]
    assert [(each["number"], each["outcome"]) for each in history] == [(1, "failed"), (2, "sent")]
    # A channel that is not active says so, and what was to be sent can be sent later.
    (await admin.put(f"{CHANNELS}/{stored['id']}", channel | {"active": False})).expect(200)
    await make(admin, "ticket", title="four")
    [*_, last] = await rows_when(admin, "channel=chat", {"sent": 3, "failed": 1})
    assert last["error"] == "the channel chat is not active"
    await verified(admin, "notify")


async def test_bursts_and_digests_are_one_mail(stack: Stack, admin: Client, mails: Mailbox) -> None:
    await admin.define(TICKET)
    boss = await admin.user("burst@notify.example", ["boss"])
    (await admin.post(RULES, RULE)).expect(201)
    for title in ("a", "b", "c"):
        await make(admin, "ticket", title=title)
    await rows_when(admin, "rule=told", {"sent": 1, "pending": 2})
    await send_now(stack, admin)
    rows = await rows_when(admin, "", {"sent": 2, "digested": 2})
    [gathered] = [row for row in rows if row["origin"] == "digest"]
    assert {row["digest_id"] for row in rows if row["status"] == "digested"} == {gathered["id"]}
    wanted = {"channels": {"email": {"digest": "daily", "at": "07:30", "timezone": "Asia/Kolkata"}}}
    assert (await boss.put(PREFERENCES, {"channels": {"email": {"digest": "weekly"}}})).status == 422
    (await boss.put(PREFERENCES, wanted)).expect(200)
    for title in ("d", "e"):
        await make(admin, "ticket", title=title)
    rows = await rows_when(admin, "", {"sent": 2, "digested": 2, "pending": 2})
    assert {row["due_at"][11:16] for row in rows if row["status"] == "pending"} == {"02:00"}
    await send_now(stack, admin)
    await rows_when(admin, "", {"sent": 3, "digested": 4})
    (await boss.put(PREFERENCES, {"channels": {"email": {"enabled": False}}})).expect(200)
    await make(admin, "ticket", title="f")
    await rows_when(admin, "", {"sent": 3, "digested": 4, "skipped": 1})
    subjects = [each["Subject"] for each in mails.mails if each["To"] == "burst@notify.example"]
    assert len(subjects) == 3 and subjects[0] in "abc"
    assert [subject.partition(" of")[0] for subject in subjects[1:]] == ["2 notifications"] * 2
    await verified(admin, "notify")


async def test_the_inbox(admin: Client, client: Client) -> None:
    await admin.define(TICKET)
    boss = await admin.user("inbox@notify.example", ["boss"])
    (await admin.post(RULES, RULE | {"channel": "in_app"})).expect(201)
    async with listening(boss, "/_notifications/_live") as listener:
        await eventually(lambda: listener.events)
        ids = [(await make(admin, "ticket", title=title))["id"] for title in ("a", "b")]
        await eventually(lambda: len(listener.events) == 3)
    assert [data["subject"] for _, _, data in listener.events[1:]] == ["a", "b"]
    await make(admin, "ticket", title="c")
    async with listening(boss, "/_notifications/_live", listener):
        await eventually(lambda: listener.events[-1][0] == "notification" and listener.events[-1][2]["subject"] == "c")
    rows = (await boss.get("/_notifications?type=rule")).data
    assert [(row["subject"], row["type"], row["record_id"]) for row in rows[1:]] == [
        ("b", "rule", ids[1]), ("a", "rule", ids[0]),
    ]  # fmt: skip
    (await boss.post(f"/_notifications/{rows[0]['id']}/archive")).expect(200)
    assert (await boss.get("/_notifications/unread-count")).data == {"count": 2}
    assert (await admin.post(f"/_notifications/{rows[1]['id']}/archive")).status == 404
    assert [row["subject"] for row in (await boss.get("/_notifications?archived=true")).data] == ["c"]
    assert (await boss.get("/_notifications")).meta["total"] == 2
    (await boss.put(PREFERENCES, {"muted": [{"rule": "told"}]})).expect(200)
    await make(admin, "ticket", title="d")
    [*_, last] = await rows_when(admin, "rule=told", {"sent": 3, "skipped": 1})
    assert last["reason"] == "the recipient has muted the rule told"
    assert (await boss.get("/_notifications?archvied=true")).status == 400
    app = admin.prefix
    forged = await client.request("POST", f"{app}/_notifications/unsubscribe?token=abc.def")
    assert forged.status == 404
