"""Channels, templates and rules, through a real SMTP server and a real receiver of webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, text
from tests.support.receivers import HttpReceiver, Mailbox
from tests.support.relations import make

TICKET = entity("ticket", text("title"), text("owner"))
CHANNELS, TEMPLATES, RULES = (f"/_admin/notification-{kind}" for kind in ("channels", "templates", "rules"))
BODY = "# {{ record.title }}\n\n{{ user.email }} wrote **{{ record.owner }}**{% if record.nope %}!{% endif %}"


async def the_one(admin: Client, query: str) -> Any:
    """The one notification of a selection, when it is there and nothing is pending."""

    async def found() -> Any:
        rows = (await admin.get(f"/_admin/notifications?{query}")).expect(200).data
        return rows[0] if len(rows) == 1 and rows[0]["status"] != "pending" else None

    return await eventually(found)


async def test_secrets_of_channels_are_written_and_never_read(admin: Client, receiver: HttpReceiver) -> None:
    start = (await admin.get(CHANNELS)).expect(200).data
    assert [(each["name"], each["type"]) for each in start] == [("email", "email"), ("in_app", "in_app")]
    assert (await admin.delete(f"{CHANNELS}/{start[0]['id']}")).status == 409
    config: dict[str, Any] = {"url": receiver.url, "headers": {"X-Token": "t0k3n"}, "secret": "whsec_c2VjcmV0LW9mLTMy"}
    created = (await admin.post(CHANNELS, {"name": "chat", "type": "webhook", "config": config})).expect(201)
    path = f"{CHANNELS}/{created.data['id']}"
    hidden = config | {"headers": {"X-Token": "***"}, "secret": "***"}
    for shown in (created, await admin.get(path), await admin.get(f"{path}?version=1")):
        assert shown.data["config"] == hidden
    (await admin.put(path, {"name": "chat", "type": "webhook", "config": hidden})).expect(200)
    assert (await admin.post(f"{path}/test", {"to": "a@b.example"})).expect(200).data == {"status": "sent"}
    [(headers, payload)] = receiver.requests
    assert headers["X-Token"] == "t0k3n" and payload["recipient"] == {"user_id": None, "address": "a@b.example"}
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), receiver.bodies[0]))
    signature = base64.b64encode(hmac.new(base64.b64decode("c2VjcmV0LW9mLTMy"), signed, hashlib.sha256).digest())
    assert headers["webhook-signature"] == f"v1,{signature.decode()}"
    # An export has the channel without its secrets; when it is applied, they stay.
    exported = (await admin.get("/_admin/export")).expect(200).data
    [chat] = [each for each in exported["notification_channels"] if each["name"] == "chat"]
    assert chat["config"] == {"url": receiver.url, "headers": {}}
    (await admin.post("/_admin/schema/apply", {"version": 1, "notification_channels": [chat], "prune": True})).expect(
        200
    )
    assert (await admin.post(f"{path}/test", {})).data == {"status": "sent"} and len(receiver.requests) == 2
    for wrong, field in (
        ({"name": "x", "type": "email", "config": {"hots": "a"}}, "config.hots"),
        ({"name": "x", "type": "email", "config": {"host": "a"}}, "config.from"),
        ({"name": "x", "type": "webhook", "config": {"url": "ftp://a"}}, "config.url"),
        ({"name": "x", "type": "webhook", "config": {"url": "http://a", "secret": "***"}}, "config.secret"),
        ({"name": "email", "type": "webhook", "config": {"url": "http://a"}}, None),
    ):
        refused = await admin.post(CHANNELS, wrong)
        assert refused.status == (422 if field else 409 if wrong["name"] == "x" else 422)
        assert not field or refused.details[0]["field"] == field
    answer = (await admin.post(f"{CHANNELS}/{start[1]['id']}/test", {"to": "nobody@b.example"})).data
    assert answer["status"] == "failed" and "nobody@b.example" in answer["error"]


async def test_a_template_makes_the_mail_of_a_rule(admin: Client, mails: Mailbox) -> None:
    await admin.define(TICKET)
    ann = await admin.user("ann@notify.example", ["boss"])
    german = {"locale_variants": {"de": {"subject": "Neu: {{ record.title }}", "body": "Neu"}}}
    form = {"name": "new", "subject": "New {{ record.title }}", "body": BODY, "format": "markdown", **german}
    template = (await admin.post(TEMPLATES, form)).expect(201).data
    wrong = await admin.post(TEMPLATES, form | {"name": "x", "body": "{{ recrod.title }}"})
    assert (wrong.status, wrong.details[0]["field"]) == (422, "body") and "`record`" in wrong.details[0]["message"]
    ticket = await make(admin, "ticket", title="<i>x</i> *y*", owner="ann@notify.example")
    about = {"entity": "ticket", "record_id": ticket["id"]}
    preview = (await admin.post(f"{TEMPLATES}/{template['id']}/preview", about)).expect(200).data
    assert preview["subject"] == "New <i>x</i> *y*" and preview["unknown"] == ["record.nope"]
    assert (
        "&lt;i&gt;x&lt;/i&gt; *y*</h1>" in preview["html"] and "<strong>ann@notify.example</strong>" in preview["html"]
    )
    draft = {"template": {"body": "{{ a }}", "subject": ""}, "context": {"a": 1}}
    assert (await admin.post(f"{TEMPLATES}/preview", draft)).status == 422
    rule = {
        "name": "new ticket", "entity": "ticket", "hook": "after_create", "channel": "email", "template": "new",
        "recipients": [{"path": "record.owner"}, {"role": "admin"}],
    }  # fmt: skip
    missing = await admin.post(RULES, rule | {"template": "nwe"})
    assert (missing.status, missing.details[0]["field"]) == (422, "template")
    stored = (await admin.post(RULES, rule)).expect(201).data
    await make(admin, "ticket", title="Printer", owner="ann@notify.example")
    row = await the_one(admin, "rule=new%20ticket")
    # The admin has caused it, and is not told.
    assert (row["status"], row["recipient"], row["attempts"]) == ("sent", "ann@notify.example", 1)
    assert row["metadata"]["template"] == "new" and row["subject"] == "New Printer"
    history = (await admin.get(f"/_admin/notifications/{row['id']}")).data["history"]
    assert [each["outcome"] for each in history] == ["sent"]
    [mail] = [each for each in mails.mails if each["To"] == "ann@notify.example"]
    assert {part.get_content_type() for part in mail.walk()} >= {"text/plain", "text/html"}
    assert mail["In-Reply-To"] and mail["Message-ID"].startswith(f"<{row['id']}@")
    # Renaming follows into the rule; what is used can't be deleted.
    (await admin.put(f"{TEMPLATES}/{template['id']}", form | {"name": "newer"})).expect(200)
    assert (await admin.get(f"{RULES}/{stored['id']}")).data["template"] == "newer"
    assert (await admin.delete(f"{TEMPLATES}/{template['id']}")).status == 409
    # Whoever has chosen a locale is told in it; nobody to tell leaves a row that says so.
    (await ann.put("/_notifications/preferences", {"locale": "de-AT"})).expect(200)
    scanner = await make(admin, "ticket", title="Scanner", owner="ann@notify.example")
    [row] = await eventually(lambda: rows_of(admin, f"record_id={scanner['id']}"))
    # A second mail of the rule within a minute waits for others.
    assert (row["subject"], row["status"], bool(row["due_at"])) == ("Neu: Scanner", "pending", True)
    lonely = await make(admin, "ticket", title="Lonely")
    row = await the_one(admin, f"record_id={lonely['id']}")
    assert row["status"] == "skipped" and row["reason"].startswith("nobody was found")


async def rows_of(admin: Client, query: str) -> Any:
    return (await admin.get(f"/_admin/notifications?{query}")).data


async def test_rules_tell_of_events_and_workflows(admin: Client) -> None:
    await admin.define(TICKET)
    boss = await admin.user("boss@notify.example", ["boss"])
    common = {"channel": "in_app", "recipients": [{"role": "boss"}, {"initiator": True}]}
    event = {"name": "paid", "event": "paid", "template": {"subject": "Paid {{ event.metadata.sum }}", "body": "b"}}
    (await admin.post(RULES, {**common, **event, "condition": "event.metadata.sum > 5"})).expect(201)
    assert (await admin.post(RULES, {**common, **event, "name": "x", "on": "approved"})).details[0]["field"] == "on"
    unknown = {**common, "name": "y", "workflow": "nope", "on": "completed", "template": {"body": "b"}}
    assert (await admin.post(RULES, unknown)).details[0]["field"] == "workflow"
    for number in (1, 7):
        (await admin.post("/_events", {"action": "paid", "metadata": {"sum": number}})).expect(201)
    flow = {"name": "flow", "trigger": {"type": "manual"}, "steps": [{"id": "s", "type": "set", "values": {"a": "1"}}]}
    await admin.define(flow, "workflows")
    wording = {"subject": "{{ workflow.name }} {{ workflow.occasion }}", "body": "b"}
    (await admin.post(RULES, {**unknown, "workflow": "flow", "template": wording})).expect(201)
    (await admin.post("/_workflows/start", {"workflow": "flow"})).expect(201)

    async def both() -> Any:
        subjects = sorted(row["subject"] for row in (await boss.get("/_notifications")).data)
        return subjects if len(subjects) == 2 else None

    assert await eventually(both) == ["Paid 7", "flow completed"]
