"""Generated sets of policies over the routes of workflow instances agree with a plain Python model.

Each record has an instance. Its context holds every field of the record, the record as a whole, and a value that is
computed from a field. Where a condition can't be evaluated, the instance has failed with a reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from random import Random
from typing import Any

from libs.shared import clock
from libs.shared.testing.polling import eventually
from tests.property.models.access import CLEAR, NAMES, TEAMS, Person, Record
from tests.property.models.access_sets import Set, import_sets, policies_of, rows_of
from tests.support.client import Client

ENTITIES, GROUPS, RECORDS = 3, 10, 4
AT_ONCE = 12
Document = dict[str, Any]


def workflow(name: str) -> Document:
    context = {f"c_{field}": f"record.{field}" for field in NAMES} | {"whole": "record"}
    return {
        "name": f"about {name}", "trigger": {"type": "manual", "entity": name}, "context": context,
        "steps": [
            {"id": "compute", "type": "set", "values": {"twice": "record.n * 2"}, "then": {"goto": "divide"}},
            {"id": "divide", "type": "condition", "expression": "1 / record.n > 0", "on_true": {"goto": "judge"},
             "on_false": {"goto": "judge"}},
            {"id": "judge", "type": "approval", "approvers": [{"role": "judge"}], "timeout": "99h",
             "form": [{"name": "why", "type": "string"}]},
        ],
    }  # fmt: skip


async def test_instances_show_what_the_model_shows(client: Client) -> None:
    random, admin = Random(18), await client.new_app()
    names = [f"e{number}" for number in range(ENTITIES)]
    rows = {name: rows_of(random, RECORDS) for name in names}
    granted = {(name, group): policies_of(random, f"g{group}_") for name in names for group in range(GROUPS)}
    await import_sets(admin, rows, granted)
    instances = {name: await begun(admin, name, rows[name]) for name in names}
    at = clock.iso(clock.now())
    room = asyncio.Semaphore(AT_ONCE)

    async def look(name: str, group: int, seed: int) -> bool:
        async with room:
            team = Random(seed).choice(TEAMS)
            roles = [f"g{group}_{role}" for role in team]
            caller = await admin.user(f"u{seed}@example.com", [*roles, "all"])
            case = Set(name, granted[name, group], Person(roles, "nobody", "nobody@nowhere.org"), rows[name])
            return await Look(caller, case, instances[name], at).everywhere()

    looked = await asyncio.gather(*(look(*key, seed) for seed, key in enumerate(granted)))
    assert looked.count(True) >= 5, "several see something, but not all"


async def begun(admin: Client, name: str, rows: Mapping[str, Record]) -> dict[str, Document]:
    """The instance of each record, once it waits or has failed."""
    await admin.define(workflow(name), "workflows")
    asked = [{"workflow": f"about {name}", "record_id": key} for key in rows]
    started = await asyncio.gather(*(admin.post("/_workflows/start", each) for each in asked))

    async def there() -> dict[str, Document] | None:
        found = (await admin.get(f"/_workflows?entity={name}")).expect(200).data
        done = {each["record_id"]: each for each in found if "approval" in each or each["status"] == "failed"}
        return done if done.keys() == rows.keys() else None

    assert {reply.status for reply in started} == {201}
    return await eventually(there)


class Look:
    """The instances of one entity, looked at by one person over all routes."""

    def __init__(self, caller: Client, case: Set, instances: Mapping[str, Document], at: str) -> None:
        self._caller, self._case, self._instances, self._at = caller, case, instances, at
        self._access = case.access("read")
        self._seen = case.seen() if self._access.policies else {}

    async def everywhere(self) -> bool:
        """All routes; answers whether some is seen, but not all."""
        name = self._case.name
        listed = (await self._caller.get(f"/_workflows?entity={name}&per_page=100")).expect(200)
        assert listed.meta["total"] == len(self._seen)
        past = (await self._caller.get(f"/_workflows?entity={name}&as_of={self._at}&status=running")).expect(200)
        waiting = {key for key in self._seen if self._instances[key]["status"] == "running"}
        assert {each["record_id"] for each in past.data} == waiting
        for each in (*listed.data, *past.data):
            self._check(each)
        assert {each["record_id"] for each in listed.data} == set(self._seen)
        pending = (await self._caller.get(f"/_workflows/pending?entity={name}")).expect(200).data
        assert len(pending) == sum(each["status"] == "running" for each in self._instances.values())
        for each in pending:
            self._check(each)
        await self._figures()
        for key in sorted(self._instances)[:2]:
            await self._one(key)
        return 0 < len(self._seen) < RECORDS

    async def _figures(self) -> None:
        figures = (await self._caller.get(f"/_workflows/kpis?workflow=about {self._case.name}")).expect(200).data
        running = [key for key in self._seen if self._instances[key]["status"] == "running"]
        assert figures["instances"]["started"] == len(self._seen)
        assert figures["instances"]["running"] == len(running)
        waiting = [{name: each[name] for name in ("role", "count")} for each in figures["pending_by_approver"]]
        assert waiting == ([{"role": "judge", "count": len(running)}] if running else [])
        assert sum(step["entered"] for step in figures["steps"] if step["step"] == "compute") == len(self._seen)

    async def _one(self, key: str) -> None:
        path = f"/_workflows/{self._instances[key]['id']}"
        for when in ("", f"?as_of={self._at}"):
            self._check((await self._caller.get(f"{path}{when}")).expect(200).data)
            for part in ("history", "graph"):
                (await self._caller.get(f"{path}/{part}{when}")).expect(200 if key in self._seen else 404)
        body = {"ids": [self._instances[key]["id"]], "decision": "approve"}
        (result,) = (await self._caller.post("/_workflows/_bulk", body)).expect(200).data["results"]
        assert result["error"]["code"] in ("FORBIDDEN", "INVALID_STATE")

    def _check(self, shown: Document) -> None:
        """What is shown of an instance is what the caller may read of its record."""
        key, whole = shown["record_id"], self._instances[shown["record_id"]]
        row = self._case.rows[key]
        documents = [policy.document(self._case.name) for policy in self._access.policies]
        about = f"{self._case.name} for {self._case.person.roles}: {documents}"
        reasons = [entry["reason"] for entry in shown["history"] if "reason" in entry]
        reasons += [shown["failed"]["reason"]] if "reason" in shown.get("failed", {}) else []
        if key not in self._seen:
            assert shown["context"] == {"whole": {}} and not reasons, about
            seats = [seat for each in shown.get("approvals", ()) for seat in each["seats"]]
            assert len(shown.get("approvals", ())) == len(whole.get("approvals", ())) and not seats, about
            assert shown["initiator"].keys() <= {"id"} and not shown["warnings"], about
            return
        clear = [name for name in NAMES if self._access.way(name, row) == CLEAR]
        computed = {"twice": None if row["n"] is None else row["n"] * 2} if "n" in clear else {}
        copied = {f"c_{name}": row[name] for name in clear} | {"whole": {name: row[name] for name in ("id", *clear)}}
        assert shown["context"] == copied | computed, about
        assert bool(reasons) == (whole["status"] == "failed" and clear == list(NAMES)), about
