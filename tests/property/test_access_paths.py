"""300 generated sets of policies over every path of the API agree with a plain Python model.

Thirty entities in one app, ten groups of people with roles of their own: each group has a set of policies for
every entity. All of it comes by one import, and the sets are looked at side by side.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from random import Random
from typing import Any
from urllib.parse import quote

import orjson

from libs.shared.testing.polling import eventually
from tests.property.models import access as model
from tests.property.models.access import CLEAR, HIDDEN, ME, NAMES, POOL, TEAMS, Person, Record
from tests.property.models.access_sets import Set, import_sets, plain, policies_of, rows_of, told
from tests.support.client import Client, Reply
from tests.support.cursors import walk

ENTITIES, GROUPS = 30, 10
AT_ONCE = 12


async def test_every_path_shows_what_the_model_shows(client: Client) -> None:
    random, admin = Random(300), await client.new_app()
    names = [f"e{number}" for number in range(ENTITIES)]
    rows = {name: rows_of(random) for name in names}
    granted = {(name, group): policies_of(random, f"g{group}_") for name in names for group in range(GROUPS)}
    commit = await import_sets(admin, rows, granted)
    await _comment(admin, rows)
    people: dict[tuple[int, tuple[str, ...]], Client] = {}
    for group, team in itertools.product(range(GROUPS), TEAMS):
        roles = [f"g{group}_{role}" for role in team]
        people[group, team] = await admin.user(f"u{len(people)}@example.com", [*roles, "all"])
    room = asyncio.Semaphore(AT_ONCE)

    async def look(name: str, group: int, seed: int) -> int:
        async with room:
            chance = Random(seed)
            team = chance.choice(TEAMS)
            person = Person([f"g{group}_{role}" for role in team], "nobody", "nobody@nowhere.org")
            case = Set(name, granted[name, group], person, rows[name])
            return await Look(people[group, team], case, chance, commit).everywhere()

    looks = [look(name, group, seed) for seed, (name, group) in enumerate(granted)]
    looked = await asyncio.gather(*looks)
    assert len(looked) == 300
    assert sum(count > 8 for count in looked) > 200, "most sets let somebody see something"


async def _comment(admin: Client, rows: Mapping[str, Mapping[str, Record]]) -> None:
    """A comment on every record, and its place in the activity."""
    paths = [f"/{name}/{key}" for name, records in rows.items() for key in records]
    room = asyncio.Semaphore(AT_ONCE)

    async def say(path: str) -> None:
        async with room:
            (await admin.post(f"{path}/comments", {"body": f"about {path}"})).expect(201)

    await asyncio.gather(*(say(path) for path in paths))

    async def complete() -> bool:
        found = [(await admin.get(f"{path}/activity")).expect(200).data for path in paths[-ENTITIES:]]
        return all([entry["type"] for entry in entries] == ["comment", "created"] for entries in found)

    await eventually(complete)


class Look:
    """One set of policies, looked at over all paths by one person."""

    def __init__(self, caller: Client, case: Set, random: Random, commit: str) -> None:
        self._caller = caller
        self._case = case
        self._random = random
        self._commit = commit
        self._access = case.access("read")
        self._looked = 0

    async def everywhere(self) -> int:
        """All paths; answers how many there were to look at."""
        if not self._access.policies:
            for path in (
                "", f"/{ME}", "/_aggregate", "/_export", f"/{ME}/history", f"?as_of={self._commit}",
                f"/{ME}/listed", f"/{ME}/transitions", "/_changes?since=0", f"/{ME}/comments", f"/{ME}/activity",
            ):  # fmt: skip
                (await self._get(path)).expect(403)
            return self._looked
        for looking in (self._lists, self._records, self._questions, self._pages, self._figures, self._exports,
                     self._history, self._talk, self._relations, self._memberships, self._differences, self._choices,
                     self._writes):  # fmt: skip
            await looking()
        return self._looked

    async def _get(self, path: str) -> Reply:
        self._looked += 1
        return await self._caller.get(f"/{self._case.name}{path}")

    def _field(self) -> str:
        return self._random.choice(NAMES)

    def _same(self, answer: Any, expected: Any) -> None:
        documents = [policy.document(self._case.name) for policy in self._access.policies]
        assert plain(answer) == expected, f"{self._case.name} for {self._case.person.roles}: {documents}"

    async def _lists(self) -> None:
        expected = list(self._case.shown().values())
        for path in ("", f"?as_of={self._commit}"):
            listed = (await self._get(path)).expect(200)
            self._same(listed.data, expected)
            assert listed.meta["total"] == len(expected)

    async def _records(self) -> None:
        shown = self._case.shown()
        for key in self._random.sample(sorted(self._case.rows), 3):
            for suffix in ("", "?version=1", f"?as_of={self._commit}"):
                reply = (await self._get(f"/{key}{suffix}")).expect(200 if key in shown else 404)
                if key in shown:
                    self._same(reply.data, shown[key])
        name = self._field()
        reply = (await self._get(f"?fields={name}")).expect(200 if self._access.is_shown(name) else 400)
        if reply.status == 200:
            self._same(reply.data, [{name: row[name]} if name in row else {} for row in shown.values()])

    async def _questions(self) -> None:
        """Filters and search: by what a field is where it is shown as it is, null elsewhere."""
        name = self._field()
        value = self._random.choice(POOL[name])
        wanted = quote(str(value).lower() if isinstance(value, bool) else str(value), safe="")
        for operator, holds in _OPERATORS.items():
            reply = await self._get(f"?filter[{name}.{operator}]={'true' if operator == 'is_null' else wanted}")
            reply.expect(200 if self._access.is_askable(name) else 400)
            if reply.status == 200:
                chosen = self._chosen(lambda row: holds(self._access.value(name, row), value))  # noqa: B023
                self._same(reply.data, chosen)
        chosen = self._chosen(lambda row: any("a" in (self._access.value(n, row) or "").lower() for n in ("s", "mail")))
        self._same((await self._get("?q=a")).expect(200).data, chosen if self._searchable() else [])

    def _searchable(self) -> bool:
        return any(self._access.is_askable(name) for name in ("s", "mail"))

    def _chosen(self, holds: Callable[[Record], bool]) -> list[Record]:
        return [told(self._access, row) for row in self._case.seen().values() if holds(row)]

    async def _pages(self) -> None:
        """Orders, by pages and by cursors."""
        name, down = self._field(), self._random.random() < 0.5
        path = f"?sort={'-' if down else ''}{name}&per_page=2"
        reply = (await self._get(path)).expect(200 if self._access.is_askable(name) else 400)
        if reply.status != 200:
            return
        rows = list(self._case.seen().values())
        filled = [row for row in rows if self._access.value(name, row) is not None]
        filled.sort(key=lambda row: self._access.value(name, row), reverse=False)
        if down:
            filled.sort(key=lambda row: self._access.value(name, row), reverse=True)
        empty = [row for row in rows if self._access.value(name, row) is None]
        expected = [told(self._access, row) for row in (filled + empty if down else empty + filled)]
        for direction in ("forward", "backward"):
            self._looked += 1
            self._same(await walk(self._caller, f"/{self._case.name}{path}", direction), expected)

    async def _figures(self) -> None:
        name = self._field()
        reply = (await self._get(f"/_aggregate?group_by={name}&count=*")).expect(
            200 if self._access.is_askable(name) else 400
        )
        if reply.status == 200:
            counts: dict[Any, int] = {}
            for row in self._case.seen().values():
                value = self._access.value(name, row)
                counts[value] = counts.get(value, 0) + 1
            assert {row[name]: row["count"] for row in reply.data} == counts
        reply = (await self._get("/_aggregate?sum=n&max=d")).expect(
            200 if self._access.is_askable("n") and self._access.is_askable("d") else 400
        )
        if reply.status == 200:
            numbers = [v for row in self._case.seen().values() if (v := self._access.value("n", row)) is not None]
            assert reply.data[0]["sum"]["n"] == (sum(numbers) if numbers else None)

    async def _exports(self) -> None:
        self._looked += 1
        url = f"{self._caller.url}{self._caller.prefix}/{self._case.name}/_export?format=ndjson"
        async with self._caller.session.get(url, headers={"Authorization": f"Bearer {self._caller.token}"}) as response:
            lines = [orjson.loads(line) for line in (await response.text()).splitlines()]
        self._same(lines, list(self._case.shown().values()))

    async def _history(self) -> None:
        shown = self._case.shown()
        key = self._random.choice(sorted(self._case.rows))
        reply = (await self._get(f"/{key}/history")).expect(200 if key in shown else 404)
        if key not in shown:
            return
        row = self._case.rows[key]
        expected = {name: {"old": None, "new": value} for name, value in shown[key].items() if row[name] is not None}
        self._same(reply.data[-1]["changed"], expected)

    async def _talk(self) -> None:
        """Comments and activity are shown with their record, and hidden with it; the audit log is for admins."""
        shown = self._case.shown()
        for key in self._random.sample(sorted(self._case.rows), 2):
            path = f"/{self._case.name}/{key}"
            for what in ("comments", "activity", "mentionable"):
                reply = (await self._get(f"/{key}/{what}")).expect(200 if key in shown else 404)
                if key in shown and what == "comments":
                    assert [comment["body"] for comment in reply.data] == [f"about {path}"]
                elif key in shown and what == "activity":
                    assert [entry["type"] for entry in reply.data] == ["comment", "created"]
        (await self._caller.get(f"/_admin/audit-logs?entity={self._case.name}")).expect(403)

    async def _relations(self) -> None:
        """The same records by way of what they refer to; nothing of it where the reference is hidden."""
        include = await self._caller.get(f"/hub?include=of_{self._case.name}")
        include.expect(200 if self._access.is_askable("u") else 400)
        self._looked += 1
        if include.status != 200:
            return
        for hub in include.data:
            behind = self._chosen(lambda row: self._access.value("u", row) == hub["id"])  # noqa: B023
            self._same(hub[f"of_{self._case.name}"], behind)
        name = self._field()
        path = f"/hub?filter[of_{self._case.name}.{name}.is_null]=false"
        reply = (await self._caller.get(path)).expect(200 if self._access.is_askable(name) else 400)
        if reply.status == 200:
            rows = self._case.seen().values()
            hubs = {self._access.value("u", r) for r in rows if self._access.value(name, r) is not None} - {None}
            assert {hub["id"] for hub in reply.data} == hubs

    async def _memberships(self) -> None:
        """Whether a list has a record, and what a filter compares."""
        key, name = self._random.choice(sorted(self._case.rows)), self._field()
        path = f"/{key}/listed?filter[{name}.is_null]=false"
        shown = self._case.seen()
        reply = await self._get(path)
        if key not in shown or not self._access.is_askable(name):
            # What is asked is checked first, as in the list; it says nothing of the record.
            assert reply.status in (400, 404) and (key not in shown or reply.status == 400)
            return
        value = self._access.value(name, shown[key])
        check = reply.expect(200).data["checks"][-1]
        self._same((check["holds"], check["stored"]), (value is not None, value))
        assert reply.data["listed"] is (value is not None)

    async def _differences(self) -> None:
        """All that was imported has entered the list since; truncated values are those that are shown."""
        found = (await self._get("/_changes?since=0")).expect(200)
        expected = list(self._case.shown().values())
        assert {row["change"] for row in found.data} <= {"entered"}
        self._same(sorted((row["record"] for row in found.data), key=lambda row: row["id"]), expected)
        cut = (await self._get("?truncate=1")).expect(200)
        texts = ("s", "mail")
        shortened = [
            {n: v[:1] + "…" if n in texts and isinstance(v, str) and len(v) > 1 else v for n, v in row.items()}
            for row in (await self._get("")).expect(200).data
        ]
        assert cut.data == shortened

    async def _choices(self) -> None:
        """Writes by filter count what the list shows."""
        if not self._case.access("update").policies:
            return
        name = self._field()
        path = f"/{self._case.name}/_bulk?filter[{name}.is_null]=false&expect=9999&dry_run=true"
        self._looked += 1
        reply = await self._caller.request("PATCH", path, {"set": {"s": "x"}})
        if not self._access.is_askable(name):
            reply.expect(400)
            return
        filled = [row for row in self._case.seen().values() if self._access.value(name, row) is not None]
        assert reply.expect(409).details[0]["count"] == len(filled)

    async def _writes(self) -> None:
        """An update that would set one field: refused, or without effect as it sends back what is there."""
        name, key = self._field(), self._random.choice(sorted(self._case.rows))
        row, updating = self._case.rows[key], self._case.access("update")
        way = self._access.way(name, row) if self._access.sees(row) else CLEAR
        own = updating.way(name, row) if updating.policies and updating.sees(row) else HIDDEN
        masks = [each for each in (way, own) if each not in (CLEAR, HIDDEN)]
        allowed = bool(updating.policies) and updating.sees(row)
        reply = await self._caller.put(f"/{self._case.name}/{key}", {name: row[name]})
        self._looked += 1
        if not allowed:
            reply.expect(403)
        elif any(self._is_its_own_mask(mask, name, row[name]) for mask in masks):
            reply.expect(200)  # what is there looks like its mask
        else:
            reply.expect(200 if own == CLEAR and not masks else 403)
        if reply.status == 200 and self._access.sees(row):
            self._same(reply.data, told(self._access, row))
        elif reply.status == 403 and allowed:
            assert [detail["field"] for detail in reply.details] == [name]

    def _is_its_own_mask(self, mask: Any, name: str, value: Any) -> bool:
        return value is None or (mask[0] != "hash" and model.masked(mask, name, value) == value)


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda stored, value: stored is not None and stored == value,
    "neq": lambda stored, value: stored != value,
    "is_null": lambda stored, value: stored is None,
}
