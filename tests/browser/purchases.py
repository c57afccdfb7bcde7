"""An app of purchases with a workflow that has a bit of everything."""

from __future__ import annotations

from tests.support.client import Client, entity, text


def purchase_order() -> dict[str, object]:
    """Manager, then two of three of finance for large orders, then the stock and the supplier side by side."""
    finance = [{"user": "ann@example.com"}, {"user": "bob@example.com"}, {"user": "cy@example.com", "veto": True}]
    note = {
        "type": "set_field",
        "entity": "purchase",
        "record_id": "context.order",
        "field": "note",
        "value": "Reserved",
    }
    done = {"type": "set_field", "entity": "purchase", "record_id": "context.order", "field": "status"}
    return {
        "name": "purchase order",
        "trigger": {"type": "manual", "entity": "purchase"},
        "context": {"order": "record.id", "amount": "record.amount", "title": "record.title"},
        "steps": [
            {"id": "manager", "type": "approval", "approvers": [{"role": "manager"}], "timeout": "72h",
             "separation": ["initiator"], "escalation": [{"after": "1s", "to": {"role": "director"}}],
             "form": [{"name": "reason", "type": "string", "required": True, "help": "Why do we need it?"}],
             "on_approve": {"goto": "large"}, "on_reject": {"goto": "rejected"}},
            {"id": "large", "type": "condition", "expression": "context.amount > 1000",
             "on_true": {"goto": "finance"}, "on_false": {"goto": "both"}},
            {"id": "finance", "type": "approval", "approvers": finance, "mode": {"quorum": 2},
             "returns_to": ["manager"], "on_approve": {"goto": "both"}, "on_reject": {"goto": "rejected"}},
            {"id": "both", "type": "parallel", "join": "all", "then": {"goto": "approved"}, "branches": {
                "stock": {"steps": [{"id": "reserve", "type": "action", "actions": [note]}]},
                "supplier": {"steps": [{"id": "tell", "type": "sub_workflow", "workflow": "tell the supplier",
                                        "context": {"title": "context.title"}}]}}},
            {"id": "approved", "type": "action", "actions": [{**done, "value": "approved"}]},
            {"id": "rejected", "type": "action", "actions": [{**done, "value": "rejected"}]},
        ],
    }  # fmt: skip


async def define_purchases(admin: Client) -> str:
    """Purchases, their workflow and their people; answers the id of a large one."""
    states = text("status", enum=["draft", "approved", "rejected"], default="draft")
    await admin.define(entity("purchase", text("title"), text("note"), {"name": "amount", "type": "int"}, states))
    people = {"mia": "manager", "ann": "finance", "bob": "finance", "cy": "finance", "dan": "finance", "ben": "buyer"}
    for name, role in people.items():
        await admin.user(f"{name}@example.com", [role])
    await admin.grant("purchase", "read", *set(people.values()))
    call = {"id": "call", "type": "approval", "assignee": {"type": "role", "role": "buyer"}}
    supplier = {"name": "tell the supplier", "trigger": {"type": "manual"}, "steps": [call]}
    await admin.define({**supplier, "inputs": {"title": {"type": "string"}}}, "workflows")
    await admin.define(purchase_order(), "workflows")
    return str((await admin.post("/purchase", {"title": "A large oven", "amount": 5000})).expect(201).data["id"])
