"""Every path of the API gives the verdicts of a plain Python model."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.property.models.policies import CHANGES, RECORDS, ROLES, Person, Policy, Record, Rules, policies
from tests.support.client import Client, entity, integer, text

UNKNOWN = "00000000-0000-4000-8000-000000000000"
TEAMS: tuple[tuple[str, ...], ...] = ((), ("red",), ("green", "blue"), ROLES)
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class House:
    """An app's admin, and its users with their clients."""

    admin: Client
    people: Sequence[tuple[Person, Client]]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A create, update or delete of somebody's; `record` is a number among the records, or one too many."""

    action: str
    person: int
    record: int
    values: Record


ATTEMPTS = st.lists(
    st.builds(
        Attempt,
        st.sampled_from(["create", "update", "update", "delete"]),
        st.integers(0, len(TEAMS) - 1),
        st.integers(0, 4),
        CHANGES,
    ),
    min_size=3,
    max_size=8,
)


@pytest.fixture(scope="module")
async def house(client: Client) -> House:
    admin = await client.new_app()
    people = []
    for number, roles in enumerate(TEAMS):
        email = "ann@example.com" if number == 1 else f"user{number}@example.com"
        people.append((Person(email, frozenset(roles)), await admin.user(email, list(roles))))
    return House(admin, people)


@given(st.lists(policies(), min_size=2, max_size=8), st.lists(RECORDS, min_size=1, max_size=4), ATTEMPTS)
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
async def test_verdicts_agree_with_the_model(
    house: House, granted: list[Policy], given_records: list[Record], attempts: list[Attempt]
) -> None:
    name, admin = f"thing{next(_numbers)}", house.admin
    await admin.define(entity(name, text("s"), integer("n"), {"name": "b", "type": "boolean"}))
    # Imported, as policies that make no sense are refused when they are posted.
    policies_of_it = [policy.document(name) for policy in granted]
    (await admin.post("/_admin/import", {"version": 1, "permissions": policies_of_it})).expect(200)
    rules = Rules(granted)
    created = [(await admin.post(f"/{name}", values)).expect(201).data for values in given_records]
    records = {record["id"]: record for record in created}
    await _check_reads(house, name, rules, records)
    ids = [*records, UNKNOWN]
    for attempt in attempts:
        person, caller = house.people[attempt.person]
        target = ids[attempt.record % len(ids)]
        status = await _attempt(caller, person, name, rules, records, attempt, target)
        event(f"{attempt.action} {status}")
    await _check_reads(house, name, rules, records)


async def _attempt(
    caller: Client,
    person: Person,
    name: str,
    rules: Rules,
    records: dict[str, Record],
    attempt: Attempt,
    target: str,
) -> int:
    """One write, its verdict compared with the model's; `records` is changed as it should be."""
    if attempt.action == "create":
        status = rules.create(person)
        reply = (await caller.post(f"/{name}", attempt.values)).expect(status)
        if status == 201:
            records[reply.data["id"]] = {"s": None, "n": None, "b": None, **attempt.values, "id": reply.data["id"]}
        return status
    status = rules.change(attempt.action, person, records.get(target))
    if attempt.action == "update":
        reply = (await caller.put(f"/{name}/{target}", attempt.values)).expect(status)
        if status == 200:
            records[target] = {**records[target], **attempt.values}
            assert reply.data == records[target]
    else:
        (await caller.delete(f"/{name}/{target}")).expect(status)
        if status == 200:
            del records[target]
    return status


async def _check_reads(house: House, name: str, rules: Rules, records: dict[str, Record]) -> None:
    """Everybody sees what is theirs to see, in lists and one by one; the admin sees all."""
    assert {row["id"]: row for row in (await house.admin.get(f"/{name}")).data} == records
    await asyncio.gather(*(_check_reader(person, caller, name, rules, records) for person, caller in house.people))


async def _check_reader(person: Person, caller: Client, name: str, rules: Rules, records: dict[str, Record]) -> None:
    replies = [caller.get(f"/{name}"), caller.get(f"/{name}?filter[n.gte]=1&per_page=1&sort=-id")]
    listed, filtered = await asyncio.gather(*replies)
    if not rules.of("read", person):
        assert (listed.expect(403).code, filtered.expect(403).code) == ("FORBIDDEN", "FORBIDDEN")
    else:
        visible: dict[str, Any] = {key: r for key, r in records.items() if rules.allow("read", person, r)}
        event(f"sees {'all' if visible == records else 'some' if visible else 'none'}")
        assert {row["id"]: row for row in listed.expect(200).data} == visible
        assert listed.meta["total"] == len(visible)
        high = sorted(key for key, record in visible.items() if (record["n"] or 0) >= 1)
        assert [row["id"] for row in filtered.expect(200).data] == high[-1:]
        assert filtered.meta["total"] == len(high)
    for key in [*records, UNKNOWN]:
        reply = (await caller.get(f"/{name}/{key}")).expect(rules.get(person, records.get(key)))
        assert reply.status != 200 or reply.data == records[key]
        history = rules.get(person, records.get(key))
        (await caller.get(f"/{name}/{key}/history")).expect(history)
