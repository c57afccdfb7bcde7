"""State machines: a field has one that is active."""

from __future__ import annotations

from typing import TYPE_CHECKING

from libs.shared.errors import RocketError
from libs.shared.schema.state_machines import StateMachineDefinition
from services.metadata.editing.hooks import Hooks

if TYPE_CHECKING:
    from services.metadata.editing.change import Change

KIND = "state-machines"


class MachineHooks(Hooks):
    """Two active machines on one field would each demand what the other forbids."""

    async def check(self, change: Change, definition: StateMachineDefinition, row_id: str | None) -> None:
        if not definition.active:
            return
        place = (definition.entity, definition.field)
        for row in await change.of_kind(KIND):
            document = row.document
            if row.id != row_id and document["active"] and (document["entity"], document["field"]) == place:
                message = f"{definition.entity}.{definition.field} has an active state machine already, {row.id}"
                raise RocketError("CONFLICT", message, [{"field": "field", "message": message}])
