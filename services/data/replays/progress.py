"""How far the projections of data are: the tables move with the log, the hash chain follows it."""

from __future__ import annotations

from collections.abc import Mapping

from libs.shared.contracts.context import AppRef
from libs.shared.replays.endpoints import ProgressOf
from services.data.integrity import store
from services.data.log.store import taken_position
from services.data.state import State


def progress(state: State) -> Mapping[str, ProgressOf]:
    """Position and lag of each projection; the log lags by what the hash chain does not cover yet."""

    async def log(app: AppRef) -> tuple[int, int]:
        head = await taken_position(state.database(app))
        covered, _ = await store.newest(state.database(app))
        return covered, max(0, head - covered)

    async def records(app: AppRef) -> tuple[int, int]:
        return await taken_position(state.database(app)), 0

    return {"log": log, "records": records}
