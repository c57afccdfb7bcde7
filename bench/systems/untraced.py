"""This system with an app without instrumentation: the cost of spans (make bench ARGS="--systems rocket untraced").

Stack, processes, rows and requests are those of `rocket`, in an app of its own in the same databases' server, so the
processor time of a request with spans and without is measured in the same rounds. Sampling is 1.0, the default.
"""

from __future__ import annotations

from bench.operations import Index, Request, Row
from bench.processes import Parts
from bench.systems.rocket import MeasuredStack, Rocket, RocketApi
from bench.systems.system import Drive, Target


class Untraced(MeasuredStack):
    """The running stack, and its app without spans."""

    name = "untraced"
    app = "untraced"

    def __init__(self, rocket: Rocket, drive: Drive) -> None:
        target = Target(self.name, rocket.target.port, RocketApi(f"/api/{self.app}"), drive)
        super().__init__(target, rocket.stack.database_url)
        self.rocket = rocket

    def parts(self) -> Parts:
        return self.rocket.parts()

    async def furnish(self, rows: list[Row], index: Index) -> None:
        """Create the app with its rows, and disable its instrumentation."""
        await super().furnish(rows, index)
        settings = {"instrumentation": {"enabled": False}}
        await self.target.ask(Request("PATCH", f"/api/{self.app}/_admin/settings", settings))
