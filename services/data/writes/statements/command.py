"""What the log notes about a write beside the record: who, from where, in which trace, because of what."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared import exact
from libs.shared.contracts.context import Context
from libs.shared.ids import UUID, uuid7


@dataclass(frozen=True, slots=True)
class Command:
    """One write: its commit id and the log's context document (JSON text)."""

    id: UUID
    context: str
    trace_id: UUID
    schema_version: int
    effect_key: str | None = None

    @classmethod
    def of(cls, context: Context, schema_version: int, effect_key: str | None = None) -> Command:
        """The command that a request is."""
        who = context.user
        on_behalf = {"on_behalf_of": who.on_behalf_of} if who.on_behalf_of else {}
        document = {
            "actor": {"id": who.id, "email": who.email, "roles": who.roles, "via": who.via, **on_behalf},
            "origin": {"ip": context.ip, "user_agent": context.user_agent},
            "cause": context.cause,
            "cause_depth": context.cause_depth,
        }
        return cls(uuid7(), exact.dumps(document).decode(), UUID(context.trace_id), schema_version, effect_key)
