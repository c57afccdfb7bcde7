"""The notify service is killed while it sends: every person gets what is theirs, under one id, and nothing else."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import executed
from tests.support.client import Client, entity, text
from tests.support.receivers import HttpReceiver, Mailbox
from tests.support.replays import verified

PEOPLE = 60
KILLED_AT = (10, 40)
"""How many mails have arrived when the service is killed."""
RULE = {
    "entity": "ticket", "hook": "after_create", "recipients": [{"path": "record.owner"}],
    "template": {"subject": "{{ record.title }}", "body": "b"},
}  # fmt: skip


async def test_notifications_interrupted_by_kills_keep_their_id(
    stack: Stack, admin: Client, mails: Mailbox, receiver: HttpReceiver
) -> None:
    await admin.define(entity("ticket", text("title"), text("owner")))
    channel = {"name": "chat", "type": "webhook", "config": {"url": receiver.url}}
    await admin.define(channel, "notification-channels")
    for name in ("email", "chat"):
        await admin.define({**RULE, "name": name, "channel": name}, "notification-rules")
    owners = [f"p{number}@killed.example" for number in range(PEOPLE)]
    rows = [{"title": f"{each} {time}", "owner": each} for time in range(3) for each in owners]
    writing = asyncio.create_task(admin.post("/ticket/_bulk", rows))

    def arrived() -> dict[str, set[str]]:
        ids: dict[str, set[str]] = defaultdict(set)
        for mail in mails.mails:
            if mail["To"].endswith("@killed.example"):
                ids[mail["To"]].add(mail["Message-ID"])
        return ids

    for count in KILLED_AT:
        await eventually(lambda enough=count: len(arrived()) >= enough, within=40)  # type: ignore[misc]
        await stack.kill("notify")
    (await writing).expect(201)
    # Claims of a killed one lapse after the time-out and a margin.
    await eventually(lambda: len(arrived()) == PEOPLE, within=40)
    await eventually(lambda: len({headers["webhook-id"] for headers, _ in receiver.requests}) == len(rows), within=40)
    await executed(stack, admin, "UPDATE notify.notifications SET due_at = now() WHERE hold IS NOT NULL")
    # Nothing is sent again by this, but the sender looks.
    (await admin.post("/_admin/notifications/retry", {"filter": {"rule": "none"}})).expect(200)

    async def all_done() -> bool:
        counts = {}
        for status in ("sent", "digested", "pending", "failed"):
            counts[status] = (await admin.get(f"/_admin/notifications?status={status}&per_page=1")).meta["total"]
        # By webhook each; by mail the first at once, and the other two as one.
        return counts == {"sent": len(rows) + 2 * PEOPLE, "digested": 2 * PEOPLE, "pending": 0, "failed": 0}

    await eventually(all_done, within=40)
    assert {len(ids) for ids in arrived().values()} == {2}
    subjects = sorted(payload["subject"] for payload in {row["id"]: row for row in receiver.payloads}.values())
    assert subjects == sorted(row["title"] for row in rows)
    await verified(admin, "notify")
