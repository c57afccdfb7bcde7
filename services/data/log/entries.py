"""Decodes log entries: images by field id become records by field name."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from libs.shared import exact
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent
from libs.shared.errors import RocketError
from libs.shared.schema import DELETED, Snapshot
from libs.shared.schema.comments import COMMENTS_NUMBER, named_entity
from libs.shared.schema.relations import join_keys
from services.data.model import IMPLICIT_DELETED
from services.data.rules.actions import RECORD_EFFECTS

LOG = "data.commits _log"
"""The log after FROM, under a name that no operator's column can have."""
COLUMNS = """_log.position, _log.n, _log.commit_id::text, _log.entity, _log.record_id, _log.version, _log.action,
    _log.image::text, _log.previous::text, _log.context::text, _log.effects::text, _log.trace_id::text,
    _log.schema_version, to_json(_log.at) #>> '{}' AS at"""

MAX_CONTEXTS = 1_000
"""Parsed contexts that a process caches."""

REQUEST_CAUSE = "request"
"""The cause of a commit that a caller requested directly."""
Record = dict[str, Any]


class Unreadable(RocketError):
    """A damaged log entry: its change is unknown until it is repaired."""

    def __init__(self, row: Any, what: str) -> None:
        place = f"{row['position']}.{row['n']}"
        super().__init__("INVALID_STATE", f"The log entry {place} can't be read: {what}")


def field_names(schema: Snapshot, number: int) -> dict[str, str]:
    """Field id → name for an entity, fields that were removed included; for pairs, their two columns."""
    names = schema.logged_names.get(number)
    if names is None:
        names = schema.logged_names[number] = _names(schema, number)
    return names


def _names(schema: Snapshot, number: int) -> dict[str, str]:
    if number in schema.joins:
        return dict(zip(("1", "2"), join_keys(schema.joins[number]), strict=True))
    entity = schema.by_number[number]
    return {str(field_id): name for name, field_id in entity.field_ids.items()} | {IMPLICIT_DELETED: DELETED}


def title_of(schema: Snapshot, number: int) -> str:
    """The name of an entity, or of a join table for its pairs, in events."""
    join = schema.joins.get(number)
    return (join.join_table or "") if join else schema.by_number[number].name


def images(row: Any, names: dict[str, str]) -> tuple[Record | None, Record | None]:
    """The full record before and after a log entry. Raises Unreadable."""
    image = _named(row, "image", names)
    previous = _named(row, "previous", names)
    if image is None and row["action"] != "delete":
        raise Unreadable(row, "it has no image")
    if row["action"] == "create":
        return None, image
    if image is None:
        if previous is None:
            raise Unreadable(row, "it has neither image nor previous")
        return previous, None
    return {**image, **(previous or {})}, image


def told_images(schema: Snapshot, row: Any) -> tuple[Record | None, Record | None]:
    """The images as events have them: comments with the name of the entity that they are about. Raises Unreadable."""
    before, after = images(row, field_names(schema, row["entity"]))
    if row["entity"] != COMMENTS_NUMBER:
        return before, after
    number: Any = (after or before or {}).get("entity")
    title = title_of(schema, number) if number in schema.by_number else f"entity_{number}"
    return named_entity(before, title), named_entity(after, title)


def readable_images(schema: Snapshot, row: Any) -> tuple[Record | None, Record | None, dict[str, str]]:
    """As `images`; an entry that can't be read has none, and says why under `unreadable`."""
    try:
        return (*told_images(schema, row), {})
    except Unreadable as error:
        return None, None, {"unreadable": error.message}


def differences(before: Record | None, after: Record | None) -> dict[str, dict[str, Any]]:
    """Exactly the fields that differ, with both values."""
    old, new = before or {}, after or {}
    return {
        name: {"old": old.get(name), "new": new.get(name)} for name in {**new, **old} if old.get(name) != new.get(name)
    }


def commit_event(app: AppRef, schema: Snapshot, row: Any) -> CommitEvent:
    """The event of a log entry. Raises Unreadable."""
    try:
        before, after = told_images(schema, row)
        context, effects = context_of(row), _later(row["effects"])
        who = {key: context[key] for key in ("actor", "origin", "cause", "cause_depth")}
    except RocketError:
        raise
    except Exception as error:
        raise Unreadable(row, type(error).__name__) from error
    return CommitEvent(
        position=row["position"],
        n=row["n"],
        commit_id=row["commit_id"],
        app_id=app.id,
        entity=title_of(schema, row["entity"]),
        record_id=row["record_id"],
        version=row["version"],
        action=row["action"],
        before=before,
        after=after,
        changed=differences(before, after),
        trace_id=row["trace_id"],
        schema_version=row["schema_version"],
        at=row["at"],
        effects=effects,
        **who,
    )


def bare_event(app: AppRef, schema: Snapshot, row: Any) -> CommitEvent:
    """The event of an entry that can't be read: only its place and its record."""
    known = row["entity"] in schema.joins or row["entity"] in schema.by_number
    return CommitEvent(
        position=row["position"],
        n=row["n"],
        commit_id=row["commit_id"],
        app_id=app.id,
        entity=title_of(schema, row["entity"]) if known else f"entity_{row['entity']}",
        record_id=row["record_id"],
        version=row["version"],
        action=row["action"],
        before=None,
        after=None,
        changed={},
        actor={},
        origin={},
        trace_id=row["trace_id"],
        cause="",
        cause_depth=0,
        schema_version=row["schema_version"],
        at=row["at"],
    )


def actor_fields(row: Any) -> dict[str, Any]:
    """Who made an entry, and on whose behalf and why, unless they requested it directly."""
    context = context_of(row)
    actor = context["actor"]
    said: dict[str, Any] = {"user": {"id": actor["id"], "email": actor["email"]}}
    if actor.get("on_behalf_of"):
        said["on_behalf_of"] = actor["on_behalf_of"]
    if context["cause"] != REQUEST_CAUSE:
        said["cause"] = context["cause"]
    return said


def context_of(row: Any) -> dict[str, Any]:
    """Who wrote an entry, from where and why. Shared with other callers, so it must not be changed."""
    return _context(row["context"])


@lru_cache(MAX_CONTEXTS)
def _context(text: str) -> dict[str, Any]:
    """Parse a context; those of one caller are mostly equal."""
    context: dict[str, Any] = exact.loads(text)
    return context


def _later(text: str | None) -> list[dict[str, Any]]:
    """The effects that are carried out after the commit."""
    return [effect for effect in exact.loads(text) if effect["type"] not in RECORD_EFFECTS] if text else []


def _named(row: Any, which: str, names: dict[str, str]) -> Record | None:
    """An image by field names. Raises Unreadable for anything else."""
    text = row[which]
    if text is None:
        return None
    document = exact.loads(text)
    if not isinstance(document, dict):
        raise Unreadable(row, f"its {which} is no object")
    named = {names[key]: value for key, value in document.items() if key in names}
    # Unknown ids belong to a newer version of the definitions. Other keys are never written by us.
    if len(named) < len(document) and not all(key.isdigit() for key in document):
        raise Unreadable(row, f"its {which} has other keys than field ids")
    return named
