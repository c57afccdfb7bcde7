"""Audit rows: who did what, and what is not shown."""

from __future__ import annotations

from typing import Any

from libs.shared.contracts.streams import CommitEvent
from libs.shared.schema import Entity, EntityDefinition, Snapshot
from libs.shared.schema.secrecy import definition_of, masked
from services.events.audit import audit_row
from services.events.definitions import entities_of

FIELDS = [
    {"name": "id", "type": "uuid"},
    {"name": "name", "type": "string", "pii": True},
    {"name": "iban", "type": "string", "sensitive": True},
    {"name": "city", "type": "string"},
]


def person(**more: Any) -> EntityDefinition:
    return EntityDefinition.model_validate(
        {"name": "person", "table": "people", "primary_key": {"field": "id"}, "fields": FIELDS, **more}
    )


def commit(**values: Any) -> CommitEvent:
    defaults: dict[str, Any] = {
        "position": 7,
        "n": 2,
        "commit_id": "c",
        "app_id": "a",
        "entity": "person",
        "record_id": "r",
        "version": 3,
        "action": "update",
        "before": {"id": "r", "name": "Ann", "iban": None, "city": "Bonn"},
        "after": {"id": "r", "name": "Eve", "iban": "DE1", "city": "Bonn"},
        "changed": {"name": {"old": "Ann", "new": "Eve"}, "iban": {"old": None, "new": "DE1"}},
        "actor": {"id": "u", "email": "u@x", "roles": []},
        "origin": {"ip": "10.0.0.1"},
        "trace_id": "t",
        "cause": "request",
        "cause_depth": 0,
        "schema_version": 1,
        "at": "2026-11-22T12:00:00+00:00",
    }
    return CommitEvent(**{**defaults, **values})


def test_a_row_has_actor_action_and_origin() -> None:
    row = audit_row(commit(), person())
    assert row is not None
    assert {key: row[key] for key in ("position", "n", "version", "action", "user_id", "user_email")} == {
        "position": 7,
        "n": 2,
        "version": 3,
        "action": "update",
        "user_id": "u",
        "user_email": "u@x",
    }
    assert (row["ip_address"], row["trace_id"], row["timestamp"]) == ("10.0.0.1", "t", commit().at)
    assert row["changed_fields"] == ["name", "iban"]


def test_hidden_values_are_masked_and_empty_ones_stay_empty() -> None:
    row = audit_row(commit(), person())
    assert row is not None
    assert row["old_data"] == {"id": "r", "name": "***", "iban": None, "city": "Bonn"}
    assert row["new_data"] == {"id": "r", "name": "***", "iban": "***", "city": "Bonn"}


def test_undefined_fields_are_hidden() -> None:
    assert masked({"old": 1, "deleted_at": "2026", "city": "Bonn"}, person()) == {
        "old": "***",
        "deleted_at": "2026",
        "city": "Bonn",
    }
    assert masked({"a": 1}, None) == {"a": 1}
    assert masked(None, person()) is None


def test_the_same_commit_has_the_same_id() -> None:
    first, again, other = (audit_row(commit(n=n), person()) for n in (1, 1, 2))
    assert first and again and other
    assert first["id"] == again["id"] != other["id"]


def test_entities_may_opt_out() -> None:
    assert audit_row(commit(), person(audit=False)) is None
    assert audit_row(commit(), None) is not None


def test_a_retired_entity_still_masks_its_fields() -> None:
    gone = Snapshot(2, {}, {4: Entity(4, person(), {}, True)}, [])
    assert definition_of(gone, "person") == person()
    assert definition_of(gone, "unknown") is None


def test_masks_of_then_and_now_both_apply() -> None:
    document = person(audit=False).model_dump(mode="json")
    city = {"name": "city", "type": "string", "pii": True}
    today = person(name="human", fields=[FIELDS[0], {"name": "name", "type": "string"}, city])
    entity = Entity(number=1, definition=today, field_ids={}, retired=False)
    schema = Snapshot(version=2, entities={"human": entity}, by_number={1: entity}, policies=[])

    found = entities_of([document], schema, {"human": ["person", "human"]})

    assert audit_row(commit(entity="human"), found["human"]) is None, "it had opted out then"
    assert masked(commit().after, found["human"].model_copy(update={"audit": True})) == {
        "id": "r", "name": "***", "iban": "***", "city": "***",
    }  # fmt: skip
    assert found["person"].audit is False, "it may have been published under its name of then"
