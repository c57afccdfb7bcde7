"""Entries of an activity as answers show them: what happened, from what the caller may read of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Entry = dict[str, Any]
MAX_QUOTED = 120
"""Characters of a value in a summary."""


def commit_entry(row: Mapping[str, Any], about: Mapping[str, Any]) -> Entry | None:
    """The entry of a row; None where nothing of it may be read. `about` is data's description of the record."""
    if row["type"] == "comment":
        return _comment(row, about)
    found = about["entries"].get(f"{row['position']}.{row['n']}")
    if found is None:
        return None
    match row["type"]:
        case "state_change":
            told = _state_change(row["field"], found["changed"])
        case "field_update":
            told = _field_update(found["changed"], about["states"])
        case kind:
            told = kind.capitalize(), {}
    if told is None:
        return None
    user = found["user"]
    entry = _entry(row, about, told[0], told[1], user["id"], user["email"], found["at"])
    return {**entry, **{name: found[name] for name in ("on_behalf_of", "cause") if name in found}}


def step_entry(step: Mapping[str, Any], about: Mapping[str, Any], email: str | None) -> Entry:
    """The entry of a step of a workflow instance."""
    metadata = {name: step.get(name) for name in ("instance_id", "workflow", "step", "status")}
    if step.get("comment"):
        metadata["comment"] = step["comment"]
    summary = f"{step['workflow']}: {step['step'] or 'instance'} {step['status']}"
    row = {"id": step["id"], "type": "workflow"}
    entry = _entry(row, about, summary, metadata, step.get("by"), email, step["at"])
    return {**entry, **({"on_behalf_of": step["on_behalf_of"]} if step.get("on_behalf_of") else {})}


def _comment(row: Mapping[str, Any], about: Mapping[str, Any]) -> Entry | None:
    comment = about["comments"].get(row["comment_id"])
    if comment is None:
        return None
    metadata = {"comment_id": comment["id"], "body": comment["body"]}
    summary = f"Commented: {_quoted(comment['body'])}"
    return _entry(row, about, summary, metadata, comment["user_id"], comment["user_email"], comment["created_at"])


def _state_change(field: str, changed: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    if field not in changed:
        return None
    old, new = changed[field]["old"], changed[field]["new"]
    return f"{field}: {_quoted(old)} → {_quoted(new)}", {"field": field, "from": old, "to": new}


def _field_update(changed: Mapping[str, Any], states: list[str]) -> tuple[str, dict[str, Any]] | None:
    shown = {name: each for name, each in changed.items() if name not in states}
    return (f"Changed {', '.join(shown)}", {"changed": shown}) if shown else None


def _entry(
    row: Mapping[str, Any], about: Mapping[str, Any], summary: str, metadata: dict[str, Any], user_id: str | None,
    email: str | None, at: str,
) -> Entry:  # fmt: skip
    return {
        "id": row["id"],
        "entity": about["entity"],
        "record_id": about["record_id"],
        "type": row["type"],
        "summary": summary,
        "user_id": user_id,
        "user_email": email,
        "metadata": metadata,
        "created_at": at,
    }


def _quoted(value: Any) -> str:
    text = "nothing" if value is None else " ".join(str(value).split())
    return text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]}…"
