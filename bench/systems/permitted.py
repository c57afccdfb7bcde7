"""This system with a caller under fifty policies: the cost of permissions on rows and fields.

Stack, rows and requests are those of `rocket`, whose caller passes all policies; only `get` and `list` can be
measured (make bench ARGS="--systems rocket permitted --operations get list"). Twenty of
the read policies have conditions; they show the titles of some records, which the thirty others mask, and the time of
the last change, which those leave out. So every record is shown, each by its own values: one title in eight is masked.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from bench.load.outcome import Outcome
from bench.operations import READ, Operation, Request, Row, category
from bench.processes import Parts
from bench.systems.rocket import APP, Rocket, RocketApi
from bench.systems.system import Drive, Target

CLERK = {"email": "clerk@localhost", "password": "changeme", "roles": ["clerk", "editor", "reader"]}
CONDITIONAL, PLAIN = 20, 30


class Permitted:
    """The running stack, and the clerk's token."""

    name = "permitted"

    def __init__(self, rocket: Rocket, drive: Drive) -> None:
        self.rocket = rocket
        self.target = Target(self.name, rocket.target.port, RocketApi(f"/api/{APP}"), drive, ids=rocket.target.ids)

    def parts(self) -> Parts:
        return self.rocket.parts()

    async def prepare(self) -> None:
        self.target.headers = {}
        form = {name: CLERK[name] for name in ("email", "password")}
        pair = await self.target.ask(Request("POST", f"/api/{APP}/auth/login", form))
        self.target.headers = {"Authorization": f"Bearer {pair['data']['access_token']}"}

    async def drive(self, operation: Operation, seconds: float, randomness: Random) -> Outcome:
        return await self.target.load(operation, seconds, randomness)

    async def furnish(self) -> None:
        """Create the clerk and the policies."""
        admin = self.rocket.target
        await admin.ask(Request("POST", f"/api/{APP}/_admin/users", CLERK))
        document = {"version": 1, "permissions": list(policies(self.target.drive.categories))}
        await admin.ask(Request("POST", f"/api/{APP}/_admin/import", document))
        await self.prepare()


def policies(categories: int) -> Iterator[Row]:
    """Fifty read policies."""
    roles = ["clerk", "editor", "reader"]
    for number in range(PLAIN):
        mask = {"keep_last": number % 4 + 1}
        yield {
            "entity": READ, "action": "read", "roles": [roles[number % 3]],
            "fields": {"exclude": ["updated_at"]}, "masks": {"title": mask},
        }  # fmt: skip
    for number in range(CONDITIONAL):
        tests: list[Row] = [{"field": "category", "operator": "eq", "value": category(number, categories)}]
        if number >= categories:
            tests = [{"field": "rank", "operator": "gt", "value": number * 40_000}]
        elif number % 2:
            tests.append({"field": "active", "operator": "eq", "value": True})
        yield {
            "entity": READ, "action": "read", "roles": [roles[number % 3]], "conditions": tests,
            "fields": {"include": ["title", "updated_at"]},
            "visible_when": {"updated_at": "record.active || record.rank > 9"},
        }  # fmt: skip
