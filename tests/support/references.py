"""Definitions around tickets, and variants with one wrong reference."""

from __future__ import annotations

from typing import Any

from tests.support.client import entity, integer, text
from tests.support.relations import reference

STATES = ["open", "urgent", "done"]
TICKET = entity(
    "ticket", text("title", unique=True), {"name": "status", "type": "string", "enum": STATES, "default": "open"},
    integer("priority"), {"name": "more", "type": "json"}, reference("customer_id"),
    {"name": "due", "type": "date"}, {"name": "made", "type": "timestamp", "auto": "create"},
)  # fmt: skip
CUSTOMER = entity("customer", text("name"), text("email", pii=True))
RELATION = {
    "name": "tickets",
    "type": "one_to_many",
    "source": "customer",
    "target": "ticket",
    "target_key": "customer_id",
}
MOVES: list[dict[str, Any]] = [{"from": "open", "to": "urgent"}, {"from": ["open", "urgent"], "to": "done"}]
MACHINE: dict[str, Any] = {
    "entity": "ticket", "field": "status", "definition": {"initial": "open", "transitions": MOVES},
}  # fmt: skip
SET: dict[str, Any] = {
    "type": "set_field", "entity": "ticket", "record_id": "context.id", "field": "priority", "value": 9,
}  # fmt: skip
WORKFLOW: dict[str, Any] = {
    "name": "urgent", "context": {"id": "record.id"},
    "trigger": {"type": "state_change", "entity": "ticket", "field": "status", "to": "urgent"},
    "steps": [{"id": "raise", "type": "action", "actions": [SET]}],
}  # fmt: skip
FIELD_RULE: dict[str, Any] = {
    "entity": "ticket", "hook": "before_write", "type": "field",
    "definition": {"field": "status", "operator": "neq", "value": "done"},
}  # fmt: skip
TOLD: dict[str, Any] = {
    "name": "told", "entity": "ticket", "hook": "after_update", "channel": "in_app", "template": {"body": "b"},
    "recipients": [{"path": "record.more.owner"}],
}  # fmt: skip
READ: dict[str, Any] = {"entity": "ticket", "action": "read", "roles": ["clerk"]}


def workflow(**changes: Any) -> dict[str, Any]:
    return {**WORKFLOW, **changes}


def trigger(**changes: Any) -> dict[str, Any]:
    return workflow(trigger={**WORKFLOW["trigger"], **changes})


def setting(**changes: Any) -> dict[str, Any]:
    return workflow(steps=[{"id": "raise", "type": "action", "actions": [{**SET, **changes}]}])


def doing(action: dict[str, Any]) -> dict[str, Any]:
    return {**MACHINE, "definition": {"initial": "open", "transitions": [{**MOVES[0], "actions": [action]}]}}


def moving(**changes: Any) -> dict[str, Any]:
    return {**MACHINE, "definition": {"initial": "open", "transitions": [{**MOVES[0], **changes}]}}


def loading(**changes: Any) -> dict[str, Any]:
    load = {"relation": "tickets", "filter": {"status": "open"}, **changes}
    return {
        "entity": "customer", "hook": "before_delete", "type": "expression",
        "definition": {"expression": "len(related.tickets) > 0", "related_load": [load]},
    }  # fmt: skip


WRONG: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "policy entity": ("permissions", {**READ, "entity": "tikcet"}, "entity", "ticket"),
    "condition field": (
        "permissions",
        {**READ, "conditions": [{"field": "staus", "value": "open"}]},
        "conditions.0",
        "status",
    ),
    "condition value": (
        "permissions",
        {**READ, "conditions": [{"field": "status", "value": "opne"}]},
        "conditions.0.value",
        "open",
    ),
    "condition values": (
        "permissions",
        {**READ, "conditions": [{"field": "status", "operator": "in", "value": ["open", "donee"]}]},
        "conditions.0.value",
        "done",
    ),
    "granted field": ("permissions", {**READ, "fields": {"include": ["titel"]}}, "fields", "title"),
    "masked field": ("permissions", {**READ, "masks": {"titel": "last4"}}, "masks.titel", "title"),
    "visible field": ("permissions", {**READ, "visible_when": {"titel": "true"}}, "visible_when.titel", "title"),
    "rule entity": ("rules", {**FIELD_RULE, "entity": "tickets"}, "entity", "ticket"),
    "rule field": (
        "rules",
        {**FIELD_RULE, "definition": {"field": "prority", "operator": "min", "value": 1}},
        "definition.field",
        "priority",
    ),
    "rule value": (
        "rules",
        {**FIELD_RULE, "definition": {"field": "status", "operator": "eq", "value": "dnoe"}},
        "definition.value",
        "done",
    ),
    "computed field": (
        "rules",
        {**FIELD_RULE, "type": "computed", "definition": {"field": "prority", "expression": "1"}},
        "definition.field",
        "priority",
    ),
    "loaded relation": ("rules", loading(relation="tikcets"), "definition.related_load.0.relation", "tickets"),
    "load's field": ("rules", loading(filter={"staus": "open"}), "definition.related_load.0.filter", "status"),
    "load's value": ("rules", loading(filter={"status": "opne"}), "definition.related_load.0.filter", "open"),
    "machine entity": ("state-machines", {**MACHINE, "entity": "tikcet"}, "entity", "ticket"),
    "machine field": ("state-machines", {**MACHINE, "field": "staus"}, "field", "status"),
    "initial": (
        "state-machines",
        {**MACHINE, "definition": {"initial": "opne", "transitions": MOVES}},
        "definition.initial",
        "open",
    ),
    "from": ("state-machines", moving(**{"from": ["open", "urgnet"]}), "definition.transitions.0.from", "urgent"),
    "to": ("state-machines", moving(to="urgnet"), "definition.transitions.0.to", "urgent"),
    "set field": (
        "state-machines",
        doing({"type": "set_field", "field": "prority", "value": 1}),
        "definition.transitions.0.actions.0.field",
        "priority",
    ),
    "set enum": (
        "state-machines",
        doing({"type": "set_field", "field": "status", "value": "dnoe"}),
        "definition.transitions.0.actions.0.value",
        "done",
    ),
    "made entity": (
        "state-machines",
        doing({"type": "create_record", "entity": "custmer"}),
        "definition.transitions.0.actions.0.entity",
        "customer",
    ),
    "made field": (
        "state-machines",
        doing({"type": "create_record", "entity": "customer", "fields": {"nmae": "a"}}),
        "definition.transitions.0.actions.0.fields.nmae",
        "name",
    ),
    "changed field": (
        "state-machines",
        doing(
            {
                "type": "update_record",
                "entity": "customer",
                "record_id": "{{record.customer_id}}",
                "fields": {"nmae": 1},
            }
        ),
        "definition.transitions.0.actions.0.fields.nmae",
        "name",
    ),
    "deleted entity": (
        "state-machines",
        doing({"type": "delete_record", "entity": "custmer", "record_id": "{{record.customer_id}}"}),
        "definition.transitions.0.actions.0.entity",
        "customer",
    ),
    "channel": (
        "state-machines",
        doing({"type": "send_notification", "channel": "emial", "to": "a@b.c"}),
        "definition.transitions.0.actions.0.channel",
        "email",
    ),
    "trigger entity": ("workflows", trigger(entity="tikcet"), "trigger.entity", "ticket"),
    "trigger field": ("workflows", trigger(field="staus"), "trigger.field", "status"),
    "trigger value": ("workflows", trigger(to="urgnet"), "trigger.to", "urgent"),
    "set entity": ("workflows", setting(entity="tikcet"), "steps.0.actions.0.entity", "ticket"),
    "set field of a workflow": ("workflows", setting(field="prority"), "steps.0.actions.0.field", "priority"),
    "set value of a workflow": ("workflows", setting(field="status", value="dnoe"), "steps.0.actions.0.value", "done"),
    "record_id": (
        "workflows",
        {**setting(record_id="context.ticket_idd"), "context": {"ticket_id": "record.id"}},
        "steps.0.actions.0.record_id",
        "ticket_id",
    ),
    "goto": (
        "workflows",
        workflow(steps=[{"id": "raise", "type": "action", "then": {"goto": "rasie"}}]),
        "steps.0.then",
        "raise",
    ),
    "webhook entity": ("webhooks", {"entity": "tikcet", "url": "http://127.0.0.1:1/"}, "entity", "ticket"),
    "told channel": ("notification-rules", {**TOLD, "channel": "emial"}, "channel", "email"),
    "told entity": ("notification-rules", {**TOLD, "entity": "tikcet"}, "entity", "ticket"),
    "recipient's root": (
        "notification-rules",
        {**TOLD, "recipients": [{"path": "recrod.more"}]},
        "recipients.0.path",
        "record",
    ),
    "recipient's field": (
        "notification-rules",
        {**TOLD, "recipients": [{"path": "record.titel"}]},
        "recipients.0.path",
        "title",
    ),
    "recipient's user": (
        "notification-rules",
        {**TOLD, "recipients": [{"path": "user.emial"}]},
        "recipients.0.path",
        "email",
    ),
}
"""Kind, definition, place of the mistake, and what is meant there."""
UNFIT: dict[str, tuple[str, dict[str, Any], str]] = {
    "set value type": ("workflows", setting(value="many"), "steps.0.actions.0.value"),
    "set the key": ("workflows", setting(field="id", value="a"), "steps.0.actions.0.field"),
    "set an auto field": ("workflows", setting(field="made", value="now"), "steps.0.actions.0.field"),
    "now for a number": ("workflows", setting(value="now"), "steps.0.actions.0.value"),
    "record_id by a misspelt path": ("workflows", setting(record_id="trigger.recrd_id"), "steps.0.actions.0.record_id"),
    "transition's value type": (
        "state-machines",
        doing({"type": "set_field", "field": "priority", "value": "many"}),
        "definition.transitions.0.actions.0.value",
    ),
    "made value type": (
        "state-machines",
        doing({"type": "create_record", "entity": "ticket", "fields": {"priority": "many"}}),
        "definition.transitions.0.actions.0.fields.priority",
    ),
    "recipient beyond a text": (
        "notification-rules",
        {**TOLD, "recipients": [{"path": "record.title.a"}]},
        "recipients.0.path",
    ),
}
"""Kind, definition, place of what does not fit."""
