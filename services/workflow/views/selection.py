"""The filters and the order of a list of instances, as SQL. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.shared.contracts.records import Pairs
from libs.shared.errors import RocketError
from libs.shared.nearest import unknown
from libs.shared.schema.fields import FieldDefinition
from libs.shared.schema.values import BadValue, parse_text

FILTERS: Mapping[str, str] = {
    "status": "i.status = {}",
    "workflow": "(i.workflow_name = {0} OR i.workflow_id::text = {0})",
    "entity": "i.entity = {}",
    "record_id": "i.record_id = {}",
    "record": "i.record_id = {}",
    "initiator": "(i.initiator_id = {0} OR i.state -> 'initiator' ->> 'email' = {0})",
    "step": "{} = ANY (i.current_steps)",
    "version": "(coalesce(i.followed, i.definition) ->> 'version')::int = {}",
    "waiting_for": """EXISTS (SELECT FROM workflow.approvals p WHERE p.instance_id = i.id
        AND ({0} = ANY (p.roles) OR {0} = ANY (p.users)))""",
    "due_before": "i.status = 'running' AND i.current_step_deadline < {}",
    "overdue": """{} = (i.status = 'running' AND coalesce(i.current_step_deadline < now(), false)
        OR EXISTS (SELECT FROM workflow.history h WHERE h.instance_id = i.id
            AND (h.kind = 'escalated' OR h.kind = 'left' AND h.data ->> 'status' = 'timed_out')))""",
    "from": "i.created_at >= {}",
    "to": "i.created_at < {}",
}
"""Parameter → condition; `{}` is its value. `waiting_for` is a role or the id of a user; `overdue` are instances in
which something has waited too long: a deadline has passed, or somebody else was asked to decide."""
TIMES = ("from", "to", "due_before")
FLAGS = {"true": True, "false": False}
SORTS = ("created_at", "updated_at", "workflow_name", "status", "current_step_deadline")
STATUSES = ("running", "completed", "failed", "cancelled")
MAX_VERSION_DIGITS = 9
NEWEST = "i.created_at DESC, i.id DESC"
_TIME = FieldDefinition(name="time", type="timestamp")


@dataclass(frozen=True, slots=True)
class Selection:
    """Conditions of the rows `i`, with their values, and the order."""

    conditions: str
    values: tuple[Any, ...]
    order: str = NEWEST


def selected(query: Pairs) -> Selection:
    """What a list's parameters choose. Raises INVALID_PAYLOAD, UNKNOWN_FIELD for an unknown sort."""
    asked = {name: value for name, value in query if value}
    if asked.get("status", STATUSES[0]) not in STATUSES:
        raise RocketError("INVALID_PAYLOAD", f"status must be one of {', '.join(STATUSES)}")
    values: list[Any] = []
    conditions = []
    for name, condition in FILTERS.items():
        if name in asked:
            values.append(value_in(asked, name))
            conditions.append(condition.format(f"${len(values)}"))
    return Selection(" AND ".join(conditions) or "true", tuple(values), _order(asked.get("sort")))


def value_in(asked: Mapping[str, str], name: str) -> Any:
    """The value of a parameter as SQL takes it. Raises INVALID_PAYLOAD."""
    text = asked[name]
    if name in TIMES:
        return moment(asked, name)
    if name == "overdue":
        if text not in FLAGS:
            raise RocketError("INVALID_PAYLOAD", "overdue must be true or false")
        return FLAGS[text]
    if name == "version":
        if not (text.isascii() and text.isdigit() and len(text) <= MAX_VERSION_DIGITS):
            raise RocketError("INVALID_PAYLOAD", "version must be a number")
        return int(text)
    return text


def moment(asked: Mapping[str, str], name: str) -> datetime | None:
    """The time of a parameter, None if it is not given. Raises INVALID_PAYLOAD."""
    if not asked.get(name):
        return None
    try:
        found: datetime = parse_text(_TIME, asked[name])
    except BadValue as problem:
        raise RocketError("INVALID_PAYLOAD", f"{name} {problem}") from None
    return found


def _order(sort: str | None) -> str:
    if sort is None:
        return NEWEST
    name, down = sort.removeprefix("-"), sort.startswith("-")
    if name not in SORTS:
        raise RocketError("UNKNOWN_FIELD", f"sort: {unknown(name, SORTS)}")
    direction = "DESC NULLS LAST" if down else "ASC NULLS LAST"
    return f"i.{name} {direction}, i.id {'DESC' if down else 'ASC'}"
