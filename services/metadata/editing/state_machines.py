"""State machines: a field has at most one active machine."""

from __future__ import annotations

from libs.shared.errors import RocketError
from libs.shared.schema.state_machines import StateMachineDefinition
from services.metadata.editing.change import Change, KindHooks

KIND = "state-machines"


class StateMachineHooks(KindHooks):
    """Refuses a second active machine on a field: each would demand what the other forbids."""

    async def check(self, change: Change, definition: StateMachineDefinition, row_id: str | None) -> None:
        if not definition.active:
            return
        target = (definition.entity, definition.field)
        for row in await change.of_kind(KIND):
            document = row.document
            if row.id != row_id and document["active"] and (document["entity"], document["field"]) == target:
                message = f"{definition.entity}.{definition.field} has an active state machine already, {row.id}"
                raise RocketError("CONFLICT", message, [{"field": "field", "message": message}])
