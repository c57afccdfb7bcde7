"""How far the log and the tables are: they move together."""

from __future__ import annotations

from collections.abc import Mapping

from libs.shared.contracts.context import AppRef
from libs.shared.replays.endpoints import Reach
from services.data.integrity import store
from services.data.log.positions import now
from services.data.state import State


def reaches(state: State) -> Mapping[str, Reach]:
    """The tables are written with the log; the log lags by what is not sealed yet."""

    async def log(app: AppRef) -> tuple[int, int]:
        head = (await now(state.database(app))).position
        sealed, _ = await store.newest(state.database(app))
        return sealed, max(0, head - sealed)

    async def records(app: AppRef) -> tuple[int, int]:
        return (await now(state.database(app))).position, 0

    return {"log": log, "records": records}
