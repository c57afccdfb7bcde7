"""Verification compares notifications with the rules and recipients of each commit."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import executed
from tests.support.client import Client, entity, text
from tests.support.relations import make
from tests.support.replays import finished, projection, verified

TICKET = entity("ticket", text("title"), text("owner"), text("state"))
TEMPLATE = {"subject": "{{ action }} {{ record.title }}", "body": "secret words of {{ record.title }}"}
RULE = {
    "name": "told", "entity": "ticket", "hook": "after_write", "channel": "in_app", "template": TEMPLATE,
    "condition": "record.title != 'quiet'", "recipients": [{"role": "boss"}],
}  # fmt: skip
MAIL = RULE | {"name": "mailed", "channel": "email", "recipients": [{"path": "record.owner"}]}
BROKEN = RULE | {"name": "broken", "condition": "date(record.title) > now"}
PEOPLE = ("ann@shop.example", "bob@shop.example")


def transition(*targets: dict[str, Any]) -> dict[str, Any]:
    """A machine whose one transition has somebody told of it."""
    actions = [{"type": "send_notification", "template": "{{ record.title }} is done", **target} for target in targets]
    ways = [{"from": "open", "to": "done", "actions": actions}]
    return {"entity": "ticket", "field": "state", "definition": {"initial": "open", "transitions": ways}}


async def define(admin: Client, *rules: dict[str, Any]) -> list[Any]:
    """Tickets, two bosses, and the rules."""
    await admin.define(TICKET)
    for email in PEOPLE:
        await admin.user(email, ["boss"])
    return [(await admin.define(rule, "notification-rules")) for rule in rules]


async def told(admin: Client, count: int) -> Any:
    """All notifications, when there are so many."""

    async def all_told() -> Any:
        reply = await admin.get("/_admin/notifications?per_page=100")
        return reply.data if reply.meta["total"] == count else None

    return await eventually(all_told)


async def test_verification_uses_the_recipients_of_each_commit(admin: Client) -> None:
    rule, *_ = await define(admin, RULE, MAIL, BROKEN)
    machine = transition({"channel": "in_app", "to": "boss"}, {"channel": "email", "to": "nobody"})
    await admin.define(machine, "state-machines")
    ticket = await make(admin, "ticket", title="a", owner="eve@shop.example")
    # Two bosses, one mail, and the failure that shows that a condition can't be evaluated.
    await told(admin, 4)
    await make(admin, "ticket", title="quiet", owner="eve@shop.example")
    (await admin.put(f"/ticket/{ticket['id']}", {"state": "done", "owner": "nobody at all"})).expect(200)
    # The bosses again, twice, and three failures; a mail to nobody is skipped.
    rows = await told(admin, 12)
    assert [row["reason"] is not None for row in rows if row["status"] == "skipped"] == [True]
    await verified(admin, "notify")
    whole = await finished(admin, "notify", "verify")
    assert (whole["checked"], (await projection(admin, "notify"))["hash"]) == (3, whole["hash"])
    # Who is somebody else since was found as they were; what is read or fails is no matter of the log.
    users = {user["email"]: user["id"] for user in (await admin.get("/_admin/users")).expect(200).data}
    (await admin.put(f"/_admin/users/{users[PEOPLE[0]]}", {"email": PEOPLE[0], "roles": ["clerk"]})).expect(200)
    (await admin.delete(f"/_admin/users/{users[PEOPLE[1]]}")).expect(200)
    await admin.user("carl@shop.example", ["boss"])
    await make(admin, "ticket", title="b")
    await verified(admin, "notify")
    # What is defined later holds for later commits; what was renamed or has gone was told as it was.
    (await admin.put(f"/_admin/notification-rules/{rule['id']}", RULE | {"active": False})).expect(200)
    await verified(admin, "notify")
    renamed = entity("ticket", text("heading", renamed_from="title"), text("owner"), text("state"))
    (await admin.put("/_admin/entities/ticket", renamed)).expect(200)
    await verified(admin, "notify")
    (await admin.delete(f"/_admin/notification-rules/{rule['id']}")).expect(200)
    await make(admin, "ticket", heading="untold")
    await verified(admin, "notify")


async def test_verification_uses_the_rules_of_each_commit(stack: Stack, admin: Client) -> None:
    """Also when it is handled much later, by a service that knows the newer definitions already."""
    changed, left = await define(admin, RULE, RULE | {"name": "left", "template": TEMPLATE | {"subject": "left"}})
    path = "/_admin/notification-rules"
    stack.pause("notify")
    try:
        await make(admin, "ticket", title="early")
        newer = {"template": TEMPLATE | {"subject": "newer {{ record.title }}"}}
        (await admin.put(f"{path}/{changed['id']}", RULE | newer)).expect(200)
        (await admin.put(f"{path}/{left['id']}", RULE | {"name": "left", "active": False})).expect(200)
        (await admin.post(path, RULE | {"name": "later", "template": TEMPLATE | {"subject": "later"}})).expect(201)
        await make(admin, "ticket", title="late")
    finally:
        stack.resume("notify")
    subjects = [row["subject"] for row in await told(admin, 8)]
    assert sorted(subjects) == sorted(2 * ["create early", "left", "newer late", "later"])
    await verified(admin, "notify")


FLIPPED = "UPDATE notify.notifications SET {} WHERE record_id = $1 AND recipient = 'ann@shop.example'"
ADDED = """
INSERT INTO notify.notifications (id, channel, recipient, user_id, subject, body, status, metadata, entity, record_id,
    trace_id, effect_key, position, n)
SELECT gen_random_uuid(), channel, recipient, user_id, subject, body, status, metadata, entity, record_id,
    trace_id, overlay(effect_key PLACING 'x' FROM 1), {}
FROM notify.notifications WHERE record_id = $1 AND recipient = 'ann@shop.example'
"""
OTHER = "the notification has another "
MISSING = "the notification is missing"
STRANGE = "no commit comes to this notification"


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        (FLIPPED.format("subject = 'create secreT'"), [OTHER + "subject"]),
        (FLIPPED.format("body = replace(body, 'words', 'wordS')"), [OTHER + "body"]),
        (FLIPPED.format("channel = 'email'"), [OTHER + "channel"]),
        (FLIPPED.format("recipient = 'anN@shop.example'"), [OTHER + "recipient"]),
        (FLIPPED.format("user_id = overlay(user_id PLACING 'x' FROM 1)"), [OTHER + "user_id"]),
        (FLIPPED.format("entity = 'tickeT'"), [OTHER + "entity"]),
        (FLIPPED.format("record_id = overlay(record_id PLACING 'x' FROM 1)"), [OTHER + "record_id"]),
        (FLIPPED.format("trace_id = overlay(trace_id PLACING 'x' FROM 1)"), [OTHER + "trace_id"]),
        (FLIPPED.format("metadata = metadata || '{\"rule\": \"tolD\"}'"), [OTHER + "metadata"]),
        (FLIPPED.format("confidential = true"), [OTHER + "confidential"]),
        (FLIPPED.format("effect_key = overlay(effect_key PLACING 'x' FROM 1)"), [STRANGE, MISSING]),
        (FLIPPED.format("position = 1"), [OTHER + "position"]),
        (FLIPPED.format("n = NULL"), [OTHER + "n"]),
        ("DELETE FROM notify.notifications WHERE record_id = $1 AND recipient = 'ann@shop.example'", [MISSING]),
        (ADDED.format("position, n"), [STRANGE]),
        (ADDED.format("NULL, NULL"), [STRANGE]),
        ("UPDATE notify.notes SET addresses[1] = 'x' || addresses[1] WHERE $1 <> '' AND position = 2",
         [OTHER + "recipient"]),
        ("UPDATE notify.notes SET user_ids[1] = 'x' || user_ids[1] WHERE $1 <> '' AND position = 2",
         [STRANGE, MISSING]),
        ("UPDATE notify.notes SET asked_by = 'x' || asked_by WHERE $1 <> '' AND position = 2",
         ["no commit comes to this note of receivers", STRANGE, STRANGE, "the note of receivers is missing"]),
        ("UPDATE notify.notes SET user_ids = '{NULL,NULL}' WHERE $1 <> '' AND position = 2",
         ["the note of receivers has another receivers", STRANGE, STRANGE, MISSING, MISSING]),
        ("DELETE FROM notify.notes WHERE $1 <> '' AND position = 2",
         [STRANGE, STRANGE, "the note of receivers is missing"]),
        ("INSERT INTO notify.notes SELECT position, 7, asked_by, '{}', '{}' FROM notify.notes WHERE $1 <> '' "
         "AND position = 2", ["no commit comes to this note of receivers"]),
    ],
    ids=["subject", "body", "channel", "recipient", "user", "entity", "record", "trace", "metadata", "confidential",
         "effect key", "position", "n", "gone", "added", "added to no commit", "noted address", "noted user",
         "noted rule", "noted strangers", "note gone", "note added"],
)  # fmt: skip
async def test_tampered_notifications_are_reported(
    stack: Stack, admin: Client, tampering: str, found: list[str]
) -> None:
    await define(admin, RULE)
    await make(admin, "ticket", title="other")
    ticket = await make(admin, "ticket", title="secret")
    await verified(admin, "notify")
    assert (await executed(stack, admin, tampering, ticket["id"])).endswith(" 1")
    replay = await finished(admin, "notify", "verify")
    differences = replay["first_differences"]
    assert sorted(difference["what"] for difference in differences) == sorted(found)
    assert (replay["differences"], replay["equal"]) == (len(found), False)
    assert "secre" not in str(replay) and "@shop" not in str(replay), "values are nobody's business here"


async def test_commits_before_recipient_notes_are_not_expected(stack: Stack, admin: Client) -> None:
    await define(admin, RULE)
    await make(admin, "ticket", title="older")
    await told(admin, 2)
    await executed(stack, admin, "DELETE FROM notify.notes")
    await executed(stack, admin, "UPDATE notify.notifications SET position = NULL, n = NULL")
    replay = await finished(admin, "notify", "verify")
    assert replay["differences"] == 3, "a new app keeps notes from its beginning"
    await executed(stack, admin, "UPDATE notify.notes_kept SET since = now() - interval '59 minutes'")
    await verified(admin, "notify")
    # What has a note is compared all the same.
    ticket = await make(admin, "ticket", title="newer")
    await verified(admin, "notify")
    await executed(stack, admin, "UPDATE notify.notifications SET subject = '' WHERE record_id = $1", ticket["id"])
    assert (await finished(admin, "notify", "verify"))["differences"] == 2


async def test_commits_without_matching_rules_write_no_note(stack: Stack, admin: Client) -> None:
    await define(admin, RULE)
    await make(admin, "ticket", title="quiet")
    await verified(admin, "notify")
    assert (await executed(stack, admin, "SELECT FROM notify.notes")) == "SELECT 0"
    await make(admin, "ticket", title="loud")
    await told(admin, 2)
    assert (await executed(stack, admin, "SELECT FROM notify.notes")) == "SELECT 1"


async def test_an_inbox_counts_what_is_unread(admin: Client) -> None:
    await define(admin, RULE)
    ann = await admin.login(admin.prefix.removeprefix("/api/"), PEOPLE[0], "secret-1")
    for title in ("a", "b"):
        await make(admin, "ticket", title=title)

    async def unread(expected: int) -> bool:
        return bool((await ann.get("/_notifications/unread-count")).expect(200).data == {"count": expected})

    await eventually(lambda: unread(2))
    first = (await ann.get("/_notifications")).expect(200).data[0]["id"]
    assert (await ann.post(f"/_notifications/{first}/read")).expect(200).data["read_at"] is not None
    assert await unread(1)
    assert (await ann.post(f"/_notifications/{first}/unread")).expect(200).data["read_at"] is None
    assert await unread(2)
    (await admin.post(f"/_notifications/{first}/unread")).expect(404)
    (await ann.post("/_notifications/read-all")).expect(200)
    assert await unread(0)
