"""Asks metadata for a version of a workflow."""

from __future__ import annotations

from typing import Any

from libs.shared import exact
from libs.shared.contracts.context import Context
from libs.shared.contracts.definitions import GetDefinition
from libs.shared.errors import RocketError
from services.workflow.state import State

GET_TIMEOUT_S = 5.0


async def find_version(state: State, context: Context, workflow_id: str, version: int) -> dict[str, Any] | None:
    """The document of a version, as instances keep it; None if there is none. Raises the errors of metadata."""
    wanted = GetDefinition("workflows", workflow_id, [("version", str(version))])
    try:
        answer = await state.core.rpc.request(wanted, context.within(GET_TIMEOUT_S))
    except RocketError as error:
        if error.code == "NOT_FOUND":
            return None
        raise
    document: dict[str, Any] = exact.loads(answer.body.decode())["data"]
    return {**document, "id": workflow_id, "version": version}
