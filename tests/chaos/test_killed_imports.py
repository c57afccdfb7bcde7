"""Imports go on after kills of everything they need: each row is written once, and an undo takes each of them back."""

from __future__ import annotations

from typing import Any

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_row, queried
from tests.support.client import Client, entity, integer, text
from tests.support.imports import ended, send
from tests.support.replays import verified

ROWS = 20_000
PARTY = entity("party", text("number", required=True, unique=True), text("name"), integer("n"))
KILLS = (("data",), ("nats",), ("gateway", "postgres"))
"""What dies together. A job of a killed gateway is taken over once its claim has lapsed, which takes twenty seconds."""
UNDO_KILLS = (("data", "gateway"),)
PROGRESS = "SELECT status, done FROM data.imports WHERE id = $1 AND (done > $2 OR status = 'done')"


async def _killed_under_way(stack: Stack, admin: Client, job: Any, kills: tuple[tuple[str, ...], ...]) -> None:
    """Kill each group once the job has got further since the one before."""
    # The database is asked itself: a request would wait for the killed service, and the job would end meanwhile.
    database = (await app_row(stack, admin))["database"]
    done = -1

    async def has_gone_on() -> Any:
        return (await queried(stack, database, PROGRESS, job["id"], done))[0]

    for victims in kills:
        status, done = await eventually(has_gone_on, within=120)
        assert status != "done", f"ended before {victims} were killed"
        for victim in victims:
            for replica in range(len(stack.pids(victim))) if victim in ("data", "gateway") else (0,):
                await stack.kill(victim, replica)


async def test_an_import_and_its_undo_survive_kills_and_write_nothing_twice(stack: Stack, admin: Client) -> None:
    await admin.define(PARTY)
    lines = [f"P-{n},party {n},{n}" for n in range(ROWS)]
    lines[777] = "P-1,twice,1"
    body = "\n".join(["number,name,n", *lines]).encode()
    job = (await send(admin, "party", body)).expect(202).data
    await _killed_under_way(stack, admin, job, KILLS)
    done = await ended(admin, job, 240)
    figures = [done[name] for name in ("status", "rows", "done", "created", "refused")]
    assert figures == ["done", ROWS, ROWS, ROWS - 1, 1], done
    found = (await admin.get("/party/_aggregate?count=*&sum=n&min=n&max=n")).expect(200).data[0]
    assert (found["count"], found["sum"]["n"]) == (ROWS - 1, ROWS * (ROWS - 1) // 2 - 777)
    commits = (await admin.get("/_commits?entity=party&per_page=1")).expect(200).meta["total"]
    assert commits == ROWS // 1000
    undo = (await admin.post(f"/party/_imports/{job['id']}/undo")).expect(202).data
    await _killed_under_way(stack, admin, undo, UNDO_KILLS)
    undone = await ended(admin, undo, 240)
    assert (undone["status"], undone["done"]) == ("done", ROWS - 1), undone
    assert (await admin.get("/party")).meta["total"] == 0
    assert (await admin.get("/_commits?entity=party&per_page=1")).meta["total"] == 2 * commits
    await verified(await admin.renewed(), "log", "records", within=300)
