"""Definitions of every kind with every key, and their misspelt variants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_origin

from pydantic import BaseModel

from libs.shared.schema.locations import members_of, part_of
from libs.shared.schema.strict import keys_of

HOST: dict[str, Any] = {
    "name": "host", "table": "hosts", "primary_key": {"field": "id", "type": "uuid", "generated": True},
    "soft_delete": True, "slug": {"field": "slug", "source": "title", "regenerate_on_update": True},
    "audit": True, "require_if_match": False, "comments": True,
    "fields": [
        {"name": "id", "type": "uuid"},
        {"name": "title", "type": "string", "required": False, "unique": False, "indexed": True, "nullable": True,
         "default": "a", "enum": ["a", "b"], "sensitive": True, "pii": True},
        {"name": "slug", "type": "string", "unique": True, "renamed_from": "nick"},
        {"name": "price", "type": "decimal", "precision": 2},
        {"name": "made", "type": "timestamp", "auto": "create"},
        {"name": "state", "type": "string", "max_length": 50},
        {"name": "number", "type": "string", "auto": "sequence", "format": "H-{n}", "gapless": True},
    ],
}  # fmt: skip
PAIR: dict[str, Any] = {
    "name": "pair", "table": "pairs", "primary_key": {"fields": ["a", "b"], "type": "uuid", "generated": False},
    "fields": [{"name": "a", "type": "uuid"}, {"name": "b", "type": "uuid"}],
}  # fmt: skip
RELATION: dict[str, Any] = {
    "name": "friends", "type": "many_to_many", "source": "host", "target": "host", "source_key": "id",
    "target_key": "id", "join_table": "host_friends", "source_join_key": "one_id", "target_join_key": "other_id",
    "ownership": "none", "on_delete": "detach", "fetch": "lazy", "write_mode": "diff", "acyclic": False,
}  # fmt: skip
LOAD = {"relation": "friends", "name": "near", "filter": {"state.eq": "open"}}
RULE = {"entity": "host", "hook": "before_write", "priority": 1, "active": True}
RULES: list[dict[str, Any]] = [
    {**RULE, "type": "field", "definition": {
        "field": "price", "operator": "min", "value": 1, "message": "m", "stop_on_fail": True}},
    {**RULE, "type": "expression", "definition": {
        "expression": "record.price > 9", "message": "m", "stop_on_fail": True, "related_load": [LOAD]}},
    {**RULE, "type": "computed", "definition": {
        "field": "price", "expression": "1 + 1", "stop_on_fail": True, "related_load": [LOAD]}},
]  # fmt: skip
MACHINE = {
    "entity": "host", "field": "state", "active": True,
    "definition": {"initial": "open", "transitions": [{
        "from": ["open"], "to": "shut", "roles": ["boss"], "guard": "record.price > 1",
        "actions": [
            {"type": "set_field", "field": "title", "value": "a"},
            {"type": "webhook", "url": "http://127.0.0.1:1/", "method": "PUT", "headers": {"X-A": "b"}},
            {"type": "create_record", "entity": "host", "fields": {"title": "a"}},
            {"type": "update_record", "entity": "host", "record_id": "{{record.id}}", "fields": {"title": "a"}},
            {"type": "delete_record", "entity": "host", "record_id": "{{record.id}}"},
            {"type": "send_event", "event": "shut", "payload": {"any": "thing"}},
            {"type": "send_notification", "channel": "in_app", "template": {"subject": "s", "body": "b"},
             "to": [{"user": "a@b.c", "email": "a@b.c", "role": "boss"}]},
        ],
    }]},
}  # fmt: skip
WORKFLOW = {
    "name": "shut", "active": True, "context": {"any": "trigger.record.price", "id": "trigger.record_id"},
    "trigger": {"type": "state_change", "entity": "host", "field": "state", "to": "shut"},
    "steps": [
        {"id": "ask", "type": "approval", "assignee": {"type": "role", "role": "boss"}, "timeout": "1h",
         "on_approve": {"goto": "look"}, "on_reject": "end", "on_timeout": {"goto": "end"}},
        {"id": "look", "type": "condition", "expression": "context.any > 1", "on_true": {"goto": "act"},
         "on_false": "end"},
        {"id": "act", "type": "action", "then": {"goto": "end"}, "actions": [
            {"type": "set_field", "entity": "host", "record_id": "context.id", "field": "price", "value": 1},
            {"type": "webhook", "url": "http://127.0.0.1:1/", "method": "POST"},
        ]},
    ],
}  # fmt: skip
FORM: list[dict[str, Any]] = [
    {"name": "reason", "type": "string", "label": "Reason", "required": "reject", "enum": ["dear", "late"],
     "default": "dear", "help": "Why"},
]  # fmt: skip
CIRCLE: dict[str, Any] = {
    "id": "circle", "type": "approval", "mode": {"quorum": 2}, "veto": True, "separation": ["initiator"],
    "approvers": [
        {"role": "boss", "label": "Boss", "veto": True}, {"user": "a@b.c"}, {"path": "record.title", "each": True},
        {"expression": "initiator.id"},
    ],
    "form": FORM, "timeout": "1h", "on_approve": "end", "on_reject": "end", "on_timeout": "end", "on_failure": "end",
    "escalation": [{"after": "30m", "to": {"role": "boss"}, "replace": True}], "reminders": ["10m"],
    "returns_to": ["sum"], "may_reassign": False,
}  # fmt: skip
EVERY_STEP: dict[str, Any] = {
    "name": "all steps", "description": "Every key", "active": True, "notify": False,
    "trigger": {"type": "record_updated", "entity": "host", "condition": "record.price > 1", "fields": ["price"]},
    "inputs": {"limit": {"type": "int", "required": False}}, "context": {"price": "record.price"},
    "cancel_when": "record.state == 'shut'",
    "steps": [
        {"id": "sum", "type": "set", "values": {"total": "context.price * 2"}, "then": {"goto": "ways"},
         "on_failure": "end"},
        {"id": "ways", "type": "condition", "branches": [{"when": "context.total > 5", "goto": "circle"}],
         "otherwise": {"goto": "both"}, "on_failure": "end"},
        CIRCLE,
        {**CIRCLE, "id": "part", "mode": {"share": 0.5}},
        {"id": "both", "type": "parallel", "join": {"quorum": 1}, "then": {"goto": "child"}, "on_failure": "end",
         "branches": {"a": {"steps": [{"id": "rest", "type": "wait", "for": "1h", "then": "end"}]},
                      "b": {"steps": [
                          {"id": "news", "type": "wait", "event": {"name": "paid", "condition": "event.action == 'x'"},
                           "timeout": "1h", "on_timeout": "end", "on_failure": "end"},
                          {"id": "day", "type": "wait", "until": "record.made"}]}}},
        {"id": "child", "type": "sub_workflow", "workflow": "shut", "context": {"id": "trigger.record_id"},
         "wait": False, "then": {"goto": "each"}, "on_failure": "end"},
        {"id": "each", "type": "loop", "over": "context.price", "parallel": True, "then": {"goto": "act"},
         "on_failure": "end", "steps": [{"id": "one", "type": "set", "values": {"x": "item"}}]},
        {"id": "act", "type": "action", "on_failure": "end", "actions": [
            {"type": "create_record", "entity": "host", "fields": {"title": "a"}},
            {"type": "update_record", "entity": "host", "record_id": "trigger.record_id", "fields": {"title": "b"}},
            {"type": "transition", "entity": "host", "record_id": "trigger.record_id", "field": "state", "to": "shut"},
            {"type": "delete_record", "entity": "host", "record_id": "trigger.record_id"},
            {"type": "webhook", "url": "http://127.0.0.1:1/", "method": "PUT", "headers": {"X-A": "b"},
             "body": {"n": "{{ context.price }}"}, "wait": True, "accept": [404]},
            {"type": "send_event", "event": "shut", "payload": {"any": "thing"}},
            {"type": "send_notification", "channel": "in_app", "template": {"subject": "s", "body": "b"},
             "to": [{"role": "boss"}, {"user": "a@b.c"}, {"email": "a@b.c"}, {"path": "record.title"},
                    {"initiator": True}]},
            {"type": "add_comment", "entity": "host", "record_id": "trigger.record_id", "body": "Done"},
        ]},
    ],
}  # fmt: skip
LITTLE = [{"id": "act", "type": "action"}]
WORKFLOWS: list[dict[str, Any]] = [
    WORKFLOW,
    EVERY_STEP,
    {"name": "moved", "steps": LITTLE,
     "trigger": {"type": "state_change", "entity": "host", "field": "state", "to": "shut", "from": ["open"]}},
    {"name": "told of", "steps": LITTLE,
     "trigger": {"type": "event", "event": "x", "condition": "event.action == 'x'"}},
    {"name": "daily", "steps": LITTLE, "trigger": {
        "type": "schedule", "cron": "0 9 * * 1", "timezone": "Europe/Berlin", "entity": "host",
        "filter": {"price.gt": 5}}},
    {"name": "by hand", "steps": LITTLE,
     "trigger": {"type": "manual", "entity": "host", "roles": ["boss"], "form": FORM}},
]  # fmt: skip
POLICIES: list[dict[str, Any]] = [
    {"entity": "host", "action": "read", "roles": ["clerk"], "effect": "allow",
     "conditions": [{"field": "state", "operator": "eq", "value": "open"}], "fields": {"exclude": ["made"]},
     "masks": {"state": {"keep_last": 2}}, "pii_mask": {"keep_last": 2},
     "visible_when": {"title": "record.state == 'open'"}},
    {"entity": "host", "action": "update", "roles": ["clerk"], "fields": {"include": ["title"]}},
]  # fmt: skip
WEBHOOK = {
    "entity": "host", "hook": "after_write", "url": "http://127.0.0.1:1/", "method": "POST",
    "headers": {"X-A": "b"}, "condition": "record.price > 1", "async": True, "active": True, "timeout": 5,
    "ordered": True, "retry": {"max_attempts": 3, "backoff": "linear", "delay": 5, "max_delay": 50, "jitter": 0.1},
    "fields": ["title"],
}  # fmt: skip
QUESTION = {
    "entity": "host", "hook": "before_write", "url": "http://127.0.0.1:1/", "async": False, "on_failure": "reject",
}  # fmt: skip
NOTIFICATION_RULE = {
    "name": "told", "entity": "host", "hook": "after_write", "condition": "record.price > 1", "channel": "in_app",
    "template": {"subject": "s", "body": "b"}, "active": True,
    "recipients": [{"role": "boss"}, {"email": "a@b.c"}, {"user": "a@b.c"}, {"path": "record.title"},
                   {"initiator": True}, {"mentioned": True}],
}  # fmt: skip
DASHBOARD: dict[str, Any] = {
    "name": "board", "description": "Every key", "roles": ["boss"], "refresh_seconds": 60,
    "widgets": [
        {"id": "prices", "title": "Prices", "type": "bar", "options": {"any": "thing"},
         "layout": {"x": 0, "y": 0, "w": 6, "h": 4},
         "query": {"entity": "host", "time_field": "made", "last": "30d", "compare": "previous_period",
                   "filter": {"state.in": ["open", "shut"]}, "group_by": ["state", "made.month"],
                   "tz": "Europe/Berlin", "count": "*", "sum": ["price"], "avg": ["price"], "min": ["price"],
                   "max": ["price"], "count_distinct": ["state"], "having": {"sum.price.gt": 1}, "sort": ["-count"],
                   "limit": 20}},
        {"id": "hosts", "title": "Hosts", "type": "table",
         "query": {"entity": "host", "time_field": "made", "last": "4w", "filter": {"state": "open"},
                   "fields": ["title", "price"], "sort": ["-price"], "limit": 5}},
        {"id": "news", "title": "News", "type": "timeline",
         "query": {"entity": "host", "activity": True, "limit": 5}},
        {"id": "kept", "title": "In time", "type": "counter",
         "query": {"kpi": "sla", "workflow": "shut", "last": "24h"}},
    ],
}  # fmt: skip

WHOLE: Mapping[str, list[dict[str, Any]]] = {
    "entities": [HOST, PAIR],
    "relations": [RELATION],
    "permissions": POLICIES,
    "rules": RULES,
    "state-machines": [MACHINE],
    "webhooks": [WEBHOOK, QUESTION],
    "workflows": WORKFLOWS,
    "notification-channels": [
        {
            "name": "mails",
            "type": "email",
            "active": True,
            "config": {
                "host": "mail.example",
                "port": 25,
                "username": "ann",
                "password": "x",
                "from": "a@b.c",
                "from_name": "Shop",
                "tls": "none",
            },
        },
        {
            "name": "chat",
            "type": "webhook",
            "config": {"url": "http://127.0.0.1:1/", "headers": {"X-A": "b"}, "secret": "whsec_x"},
        },
        {"name": "inbox", "type": "in_app"},
    ],
    "notification-templates": [
        {
            "name": "told",
            "subject": "{{ record.title }}",
            "body": "**{{ record.title }}**",
            "format": "markdown",
            "locale_variants": {"de": {"subject": "s", "body": "b"}},
        },
    ],
    "notification-rules": [
        NOTIFICATION_RULE,
        {
            "name": "on events",
            "event": "x",
            "channel": "in_app",
            "template": {"body": "b"},
            "tell_actor": True,
            "recipients": [{"initiator": True}, {"mentioned": True}],
        },
        {
            "name": "on workflows",
            "workflow": "shut",
            "on": "approved",
            "channel": "in_app",
            "template": {"body": "b"},
            "recipients": [{"role": "boss"}],
        },
    ],
    "dashboards": [DASHBOARD],
    "ui-configs": [{"entity": "host", "scope": "mobile", "config": {"any": {"thing": 1}}}],
    "roles": [{"name": "boss", "label": "Boss", "description": "Decides"}],
}
"""Kind → definitions that hold every key of it."""

RECIPIENTS = ("role", "email", "user", "path", "initiator", "mentioned")
"""Keys of which each recipient has one; they stand in plain objects, as no model is made of those."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a model where it stands in a document."""

    model: type[BaseModel]
    path: tuple[str | int, ...]


def keys_in(model: type[BaseModel], document: Any) -> Iterator[Key]:
    """Every key of a document, at every depth, that a model knows; not those of free-form parts."""
    yield from _keys(model, document, ())


def models_of(sort: Any, seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """All models that a model is made of, itself among them."""
    if isinstance(sort, type) and issubclass(sort, BaseModel):
        if sort not in seen:
            seen.add(sort)
            for field in sort.model_fields.values():
                models_of(field.annotation, seen)
    else:
        for part in [*getattr(sort, "__args__", ()), *([sort.__origin__] if hasattr(sort, "__metadata__") else [])]:
            models_of(part, seen)
    return seen


def misspelt(document: Any, path: tuple[str | int, ...]) -> tuple[Any, str]:
    """The document with the key at `path` misspelt, and the path of that."""
    [first, *rest] = path
    if isinstance(document, list):
        assert isinstance(first, int)
        changed, where = misspelt(document[first], tuple(rest))
        return [*document[:first], changed, *document[first + 1 :]], f"{first}.{where}"
    if rest:
        changed, where = misspelt(document[first], tuple(rest))
        return {**document, first: changed}, f"{first}.{where}"
    wrong = f"{first}{str(first)[-1]}"
    return {(wrong if key == first else key): value for key, value in document.items()}, wrong


def _keys(sort: Any, value: Any, path: tuple[str | int, ...]) -> Iterator[Key]:
    if isinstance(value, list):
        # A value or a list of such: what stands in the list is then of the same sorts.
        sort = next((each for each in members_of(sort) if get_origin(each) is list), sort)
        for number, each in enumerate(value):
            yield from _keys(part_of(sort, number, value), each, (*path, number))
    elif isinstance(value, dict):
        model = _chosen(sort, value)
        for key, each in value.items():
            if model is not None:
                yield Key(model, (*path, key))
            yield from _keys(part_of(model or sort, key, value), each, (*path, key))


def _chosen(sort: Any, value: Mapping[str, Any]) -> type[BaseModel] | None:
    """The model that an object is of: the one that knows all its keys, by `type` where that says which."""
    sorts = [sort] if isinstance(sort, type) else members_of(sort)
    models = [each for each in sorts if isinstance(each, type) and issubclass(each, BaseModel)]
    fitting = [each for each in models if set(value) <= set(keys_of(each))]
    tagged = [each for each in fitting if str(value.get("type")) in str(each.model_fields.get("type"))]
    return next(iter(tagged or fitting), None)


def app_document() -> dict[str, Any]:
    """All of `WHOLE` as the document of an app that doesn't exist yet: nothing is renamed in it."""
    parts = {kind.replace("-", "_"): documents for kind, documents in WHOLE.items()}
    fields = [{key: value for key, value in field.items() if key != "renamed_from"} for field in HOST["fields"]]
    return {"version": 1, **parts, "entities": [{**HOST, "fields": fields}, PAIR]}
