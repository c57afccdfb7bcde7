"""Another checkout of Rocket, measured beside this one: the cost of a change (make bench ARGS="--former ../before").

It runs with its own code and this environment's libraries, over a Postgres and a NATS of its own, and gets the same
rows and requests. Its figures stand under the name `former`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from bench.processes import Parts
from bench.systems.rocket import APP, VARIABLES, MeasuredStack, RocketApi
from bench.systems.system import Drive, Target

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 30.0

# Runs in the other checkout, so it may only use what every version of the embedded stack has.
SCRIPT = """
import asyncio, json, sys
from pathlib import Path
from deploy.embedded.services import ROCKET
from deploy.embedded.settings import Settings
from deploy.embedded.stack import Stack

async def main(folder, variables):
    settings = Settings(port=0, data_dir=Path(folder) / "former")
    with open(Path(folder) / "former.log", "a") as output:
        async with Stack(settings, variables=variables, output=output) as stack:
            await stack.ready()
            names = [*ROCKET.services, "nats", "postgres"]
            facts = {"url": stack.gateway_urls[0], "database_url": stack.database_url,
                     "pids": {name: list(stack.pids(name)) for name in names}}
            print(json.dumps(facts), flush=True)
            await asyncio.to_thread(sys.stdin.read)

asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
"""


class Former(MeasuredStack):
    """The running stack of the other checkout."""

    name = "former"

    def __init__(self, url: str, server_url: str, pids: Mapping[str, Sequence[int]], drive: Drive) -> None:
        port = urlsplit(url).port
        assert port is not None, "a gateway's address has a port"
        super().__init__(Target(self.name, port, RocketApi(f"/api/{APP}"), drive), server_url)
        self._pids = pids

    def parts(self) -> Parts:
        return self._parts(self._pids)


@contextlib.asynccontextmanager
async def running(checkout: Path, folder: Path, drive: Drive) -> AsyncIterator[Former]:
    """A ready stack of `checkout` over `folder`. Raises RuntimeError if it does not start."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SCRIPT, str(folder), json.dumps(VARIABLES)),
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None, "its output is a pipe"
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            line = await process.stdout.readline()
        if not line:
            raise RuntimeError(f"the system of {checkout} did not start: see its output above and {folder}/former.log")
        facts = json.loads(line)
        yield Former(facts["url"], facts["database_url"], facts["pids"], drive)
    finally:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.communicate(), STOP_TIMEOUT_S)
        if process.returncode is None:
            process.kill()
            await process.wait()
