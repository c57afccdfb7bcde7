"""The workflow and data services are killed while schedules fire: each time, record and effect counts once."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import query
from tests.support.client import Client, entity, text

RECORDS = 110
"""More than one page of records."""
EVERY_S = 3
KILLED = ("workflow", "data", "workflow")
"""Which service is killed, whenever a good part of another time's receipts is there."""

INSTANCES = """
SELECT status, context ->> 'at' AS at, context ->> 'id' AS id FROM workflow.instances WHERE workflow_name = 'bill'
"""


async def counted(admin: Client) -> int:
    """The receipts that there are."""
    return int((await admin.get("/receipt/_aggregate?count=*")).expect(200).data[0]["count"])


async def test_times_records_and_effects_count_once_whatever_is_killed(stack: Stack, admin: Client) -> None:
    await admin.define(entity("order", text("title")))
    await admin.define(entity("receipt", text("at"), text("order")))
    rows = [{"title": str(number)} for number in range(RECORDS)]
    (await admin.post("/order/_bulk", rows)).expect(201)
    receipt = {
        "type": "create_record",
        "entity": "receipt",
        "fields": {"at": "{{ context.at }}", "order": "{{ context.id }}"},
    }
    workflow = await admin.define({
        "name": "bill",
        "trigger": {"type": "schedule", "cron": f"*/{EVERY_S} * * * * *", "entity": "order"},
        "context": {"at": "trigger.at", "id": "trigger.record_id"},
        "steps": [{"id": "bill", "type": "action", "actions": [receipt]}],
    }, "workflows")  # fmt: skip
    for number, service in enumerate(KILLED, 1):

        async def enough(most: int = RECORDS * number * 2 // 3) -> bool:
            return await counted(admin) >= most

        await eventually(enough, within=60)
        await stack.kill(service)
    (await admin.request("PATCH", f"/_admin/workflows/{workflow['id']}", {"active": False})).expect(200)

    async def ended() -> list[Any] | None:
        left = await query(stack, admin, "SELECT 1 FROM workflow.schedules")
        found = await query(stack, admin, INSTANCES)
        return found if not left and all(row["status"] == "completed" for row in found) else None

    found = await eventually(ended, within=90)
    fired = Counter((row["at"], row["id"]) for row in found)
    assert set(fired.values()) == {1}
    times = sorted({at for at, _ in fired})
    # No time was left out, and only the last may have been cut short when the workflow was put to rest.
    moments = [datetime.fromisoformat(at) for at in times]
    assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(seconds=EVERY_S)}
    assert {sum(at == each for at, _ in fired) for each in times[:-1]} == {RECORDS}
    receipts: Counter[tuple[str, str]] = Counter()
    rows_sql = 'SELECT at, "order" FROM records.receipts'
    for row in await query(stack, admin, rows_sql):
        receipts[row["at"], row["order"]] += 1
    assert receipts == fired
