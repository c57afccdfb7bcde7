"""An app with staff whose fields are partly hidden from clerks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support.client import Client, entity, integer, text
from tests.support.relations import reference, relation

SECRET = "4111111111111111"
STAFF = entity(
    "staff", text("name"), text("state", default="open"), text("card"), text("mail"), integer("salary"),
    reference("boss_id"), reference("team_id"), text("badge", unique=True),
    {"name": "seen", "type": "timestamp", "auto": "update"},
    soft_delete=True,
)  # fmt: skip
TEAM = entity("team", text("title"), integer("budget"))
RELATIONS = (
    relation("members", "one_to_many", "team", "staff", target_key="team_id", on_delete="set_null"),
    relation("reports", "one_to_many", "staff", "staff", target_key="boss_id", on_delete="set_null"),
)


@dataclass(frozen=True, slots=True)
class Office:
    """An app with staff in a team, its admin and somebody of the role `clerk`."""

    admin: Client
    clerk: Client
    team: Any
    open: Any
    closed: Any


async def grant(admin: Client, action: str = "read", role: str = "clerk", on: str = "staff", **more: Any) -> str:
    """A policy of one role, by default about reading staff; returns its id."""
    return await admin.grant(on, action, role, **more)
