"""An entity with rules, and writes to it, for tests of what is decided."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from libs.shared.contracts.context import Identity
from libs.shared.errors import RocketError
from libs.shared.schema import Entity, EntityDefinition, Snapshot, parse_value
from services.data.rules import AttemptedWrite, Decision, EntityRules, decide, rules_of
from tests.support.client import entity, integer, text

NOW = datetime(2026, 3, 4, 5, 6, 7, 80_000, tzinfo=UTC)
ORDER = entity(
    "order",
    text("title"),
    text("status"),
    text("stage"),
    text("size", enum=["s", "m"]),
    text("code", required=True, default="c"),
    integer("count"),
    {"name": "big", "type": "bigint"},
    {"name": "total", "type": "decimal", "precision": 2},
    {"name": "rate", "type": "decimal"},
    {"name": "paid", "type": "boolean"},
    {"name": "owner", "type": "uuid"},
    {"name": "due", "type": "date"},
    {"name": "closed_at", "type": "timestamp"},
    {"name": "made", "type": "timestamp", "auto": "create"},
    {"name": "tags", "type": "json"},
    {"name": "paper", "type": "file"},
)
DEFINITION = EntityDefinition.model_validate(ORDER)
FIELDS = {field.name: field for field in DEFINITION.fields}
CLERK = Identity("5b0e7b8e-0000-4000-8000-000000000001", "clerk@x", ("clerk",))
ADMIN = Identity("5b0e7b8e-0000-4000-8000-000000000002", "admin@x", ("admin",))
OWNER = "7b0e7b8e-0000-4000-8000-000000000001"
KEY = "0b0e7b8e-0000-4000-8000-000000000009"


def compiled(*documents: Mapping[str, Any]) -> EntityRules:
    """The order's rules of these documents: machines are those with `transitions`."""
    rules = [{"id": f"r{n}", **each} for n, each in enumerate(documents) if "hook" in each]
    machines = [{"id": f"m{n}", **each} for n, each in enumerate(documents) if "hook" not in each]
    known = Entity(1, DEFINITION, {}, retired=False)
    return rules_of(
        Snapshot(1, {"order": known}, {1: known}, (), {"rules": rules, "state-machines": machines}), "order"
    )


def rule(kind: str, hook: str = "before_write", priority: int = 0, active: bool = True, **body: Any) -> dict[str, Any]:
    return {
        "entity": "order", "hook": hook, "type": kind, "priority": priority, "active": active, "definition": body,
    }  # fmt: skip


def demand(field: str, operator: str, value: Any = None, message: str = "", **more: Any) -> dict[str, Any]:
    """A field rule."""
    settings = {key: more.pop(key) for key in ("hook", "priority", "active") if key in more}
    return rule("field", **settings, field=field, operator=operator, value=value, message=message, **more)


def forbid(expression: str, message: str = "no", **more: Any) -> dict[str, Any]:
    """An expression rule."""
    settings = {key: more.pop(key) for key in ("hook", "priority", "active") if key in more}
    return rule("expression", **settings, expression=expression, message=message, **more)


def compute(field: str, expression: str, **more: Any) -> dict[str, Any]:
    """A computed field."""
    settings = {key: more.pop(key) for key in ("priority", "active") if key in more}
    return rule("computed", **settings, field=field, expression=expression, **more)


def machine(*transitions: Mapping[str, Any], field: str = "status", active: bool = True) -> dict[str, Any]:
    definition = {"initial": "open", "transitions": list(transitions)}
    return {"entity": "order", "field": field, "definition": definition, "active": active}


def transition(origin: str | list[str], to: str, **more: Any) -> dict[str, Any]:
    return {"from": origin, "to": to, **more}


def creating(caller: Identity = CLERK, **sent: Any) -> AttemptedWrite:
    """The creation of an order from what is sent as JSON."""
    values = {name: None for name, field in FIELDS.items() if not field.auto and name != "id"} | {"code": "c"}
    return AttemptedWrite("create", values | _parsed(sent), frozenset(sent), caller, NOW)


def updating(old: Mapping[str, Any], caller: Identity = CLERK, **sent: Any) -> AttemptedWrite:
    """An update of the stored order `old` by what is sent as JSON."""
    stored = {**dict.fromkeys(FIELDS), "id": KEY, **old}
    return AttemptedWrite("update", _parsed(sent), frozenset(sent), caller, NOW, old=stored)


def deleting(old: Mapping[str, Any], caller: Identity = CLERK) -> AttemptedWrite:
    return AttemptedWrite("delete", {}, frozenset(), caller, NOW, old={**dict.fromkeys(FIELDS), "id": KEY, **old})


def refused(rules: EntityRules, attempt: AttemptedWrite, code: str = "VALIDATION_FAILED") -> list[dict[str, Any]]:
    """The details of the refusal."""
    with pytest.raises(RocketError) as refusal:
        decide(rules, attempt)
    assert refusal.value.code == code
    return refusal.value.details


def decided(attempt: AttemptedWrite, *documents: Mapping[str, Any]) -> Decision:
    return decide(compiled(*documents), attempt)


def _parsed(sent: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if value is None else parse_value(FIELDS[name], value) for name, value in sent.items()}
