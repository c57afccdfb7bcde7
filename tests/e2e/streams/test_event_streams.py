"""Live streams of events and spans: filtered, resumed, for admins."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from deploy.embedded.stack import Stack
from libs.shared import clock
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_connection
from tests.support.client import Client
from tests.support.listeners import Listener, listening


def actions(listener: Listener) -> list[str]:
    return [data["action"] for kind, _, data in listener.events if kind == "event"]


async def tell(admin: Client, *names: str) -> None:
    for name in names:
        (await admin.post("/_events", {"action": name, "entity": "note"})).expect(201)


async def test_new_events_come_by_filters_and_a_client_resumes(admin: Client, stack: Stack) -> None:
    await tell(admin, "before")
    business = "/_events/_live?event_type=business"
    async with listening(admin, business) as first, listening(admin, "/_events/_live?action=request.*") as spans:
        assert first.events[0][0] == "ready"
        await tell(admin, "one", "two")
        await eventually(lambda: actions(first) == ["one", "two"])
        row = first.events[1][2]
        listed = (await admin.get(f"/_events?trace_id={row['trace_id']}&event_type=business")).expect(200).data
        assert row == listed[0] and row["entity"] == "note"
        await eventually(lambda: "request.end" in actions(spans))
        assert "before" not in actions(first)
    await tell(admin, "three")
    seen = len(first.events)
    async with listening(admin, business, first):
        await eventually(lambda: "three" in actions(first))
        again = [data["id"] for kind, _, data in first.events[seen:] if kind == "event"]
        assert len(set(again)) == len(again)

    # Too many at once are not carried: the client is told that it has missed some.
    began = clock.iso(clock.now())
    async with listening(admin, business) as flooded:
        async with app_connection(stack, admin) as connection:
            await connection.execute(
                "INSERT INTO events.events (id, event_type, source, component, action, status, created_at) "
                "SELECT gen_random_uuid(), 'business', 'app', 'business', 'flood', 'ok', now() "
                "FROM generate_series(1, 2500)"
            )

        def skipped() -> Any:
            return [kind for kind, _, _ in flooded.events if kind == "skipped"]

        await eventually(skipped, within=20)
        # A look takes 2,000 events, with those before the stream that it looks at again.
        before = (await admin.get("/_events?event_type=business&per_page=1&to=" + quote(began))).expect(200)
        assert len(actions(flooded)) >= 2_000 - before.body["meta"]["total"]


async def test_only_admins_watch_events_and_browsers_with_a_ticket(admin: Client) -> None:
    user = await admin.user("ann@example.org", ["staff"])
    ticket = (await user.post("/_live/ticket")).expect(201).data["ticket"]
    (await user.get("/_events/_live")).expect(403)
    (await user.with_token("").get(f"/_events/_live?ticket={ticket}")).expect(403)
    (await admin.with_token("").get("/_events/_live")).expect(401)
    (await admin.get("/_events/_live?sorce=http")).expect(400)
    (await admin.get("/_events/_live?trace_id=nothing")).expect(400)
    (await admin.get("/_events/_live", Last_Event_ID="x")).expect(400)
    own = (await admin.post("/_live/ticket")).expect(201).data["ticket"]
    async with listening(admin.with_token(""), f"/_events/_live?action=told&ticket={own}") as listener:
        await tell(admin, "other", "told")
        await eventually(lambda: actions(listener) == ["told"])
