"""Verifications and rebuilds as an operator requests them."""

from __future__ import annotations

from typing import Any

from libs.shared.testing.polling import eventually
from tests.support.client import Client


async def finished(admin: Client, projection: str, kind: str, only: str = "", within: float = 60.0) -> Any:
    """A replay, when it has ended; it must not have failed."""
    reply = await admin.post(f"/_admin/projections/{projection}/{kind}", {"only": only} if only else None)
    path = f"/_admin/projections/{projection}/replays/{reply.expect(202).data['id']}"

    async def ended() -> Any:
        replay = (await admin.get(path)).expect(200).data
        return replay["finished_at"] and replay

    replay = await eventually(ended, within=within, every=0.05)
    assert replay["status"] == "done", replay
    return replay


async def verified(admin: Client, *projections: str, within: float = 60.0) -> None:
    """Each of these projections is what the log says; `within` seconds it has to be looked through."""
    for projection in projections:
        replay = await finished(admin, projection, "verify", within=within)
        assert (replay["differences"], replay["first_differences"], replay["equal"]) == (0, [], True), replay


async def projection(admin: Client, name: str) -> Any:
    """One projection as it is listed."""
    reply = (await admin.get("/_admin/projections")).expect(200)
    assert reply.meta["unavailable"] == []
    return next(row for row in reply.data if row["name"] == name)
