"""Running workflow instances follow renames of fields and entities."""

from __future__ import annotations

from typing import Any

from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, text
from tests.support.replays import verified


def workflow() -> dict[str, Any]:
    """The assignee approves, then the field is set, if expressions still read what they did."""
    reads = "record.outcome == 'none' && trigger.record.outcome == 'none' && trigger.record.status == 'pending'"
    action = {"type": "set_field", "entity": "leave", "record_id": "context.id", "field": "outcome", "value": "yes"}
    return {
        "name": "ask",
        "trigger": {"type": "state_change", "entity": "leave", "field": "status", "to": "pending"},
        "context": {"id": "record.id"},
        "steps": [
            {"id": "ask", "type": "approval", "on_approve": {"goto": "look"}},
            {"id": "look", "type": "condition", "expression": reads, "on_true": {"goto": "set"}},
            {"id": "set", "type": "action", "actions": [action]},
        ],
    }


async def begin(admin: Client) -> tuple[dict[str, Any], dict[str, Any]]:
    """A record and the instance that waits for a decision about it."""
    await admin.define(entity("leave", text("status"), text("outcome")))
    machine = {"initial": "draft", "transitions": [{"from": "draft", "to": "pending"}]}
    form = {"entity": "leave", "field": "status", "definition": machine}
    await admin.define(form, "state-machines")
    await admin.define(workflow(), "workflows")
    record = (await admin.post("/leave", {"status": "draft", "outcome": "none"})).expect(201).data
    (await admin.put(f"/leave/{record['id']}", {"status": "pending"})).expect(200)

    async def waiting() -> Any:
        return (await admin.get("/_workflows/pending")).data

    (instance,) = await eventually(waiting)
    return record, instance


async def rename(admin: Client, old: str, **changes: Any) -> None:
    definition = (await admin.get(f"/_admin/entities/{old}")).data["definition"]
    (await admin.put(f"/_admin/entities/{old}", {**definition, **changes})).expect(200)


async def ended(admin: Client, instance: dict[str, Any]) -> str:
    async def look() -> str | None:
        status = str((await admin.get(f"/_workflows/{instance['id']}")).expect(200).data["status"])
        return status if status != "running" else None

    return await eventually(look)


async def test_a_running_instance_follows_the_names_of_fields_and_entities(admin: Client) -> None:
    record, instance = await begin(admin)
    fields = [{"name": "id", "type": "uuid"}, text("status"), text("verdict", renamed_from="outcome")]
    await rename(admin, "leave", fields=fields)
    await rename(admin, "leave", name="absence")
    (await admin.post(f"/_workflows/{instance['id']}/approve")).expect(200)
    assert await ended(admin, instance) == "completed"
    assert (await admin.get(f"/absence/{record['id']}")).data["verdict"] == "yes"
    await verified(admin, "workflow")


async def test_a_reused_field_name_is_not_confused(admin: Client) -> None:
    record, instance = await begin(admin)
    fields = [{"name": "id", "type": "uuid"}, text("status"), text("verdict", renamed_from="outcome")]
    await rename(admin, "leave", fields=fields)
    await rename(
        admin, "leave", fields=[{"name": "id", "type": "uuid"}, *(text(n) for n in ("status", "verdict", "outcome"))]
    )
    (await admin.post(f"/_workflows/{instance['id']}/approve")).expect(200)
    assert await ended(admin, instance) == "completed"
    shown = (await admin.get(f"/leave/{record['id']}")).data
    assert (shown["verdict"], shown["outcome"]) == ("yes", None)
