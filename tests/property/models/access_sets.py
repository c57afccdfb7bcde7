"""Sets of policies over entities of one app: made, imported, and what the model says of each."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.property.models import access as model
from tests.property.models.access import CLEAR, HIDDEN, ME, OTHER, Access, Person, Policy, Record
from tests.support.client import Client, entity
from tests.support.relations import relation

RECORDS = 6
HASH = re.compile(r"[0-9a-f]{64}")
Rows = Mapping[str, Record]


@dataclass(frozen=True, slots=True)
class Set:
    """One set of policies, the entity that it is about, and somebody whom it is for."""

    name: str
    policies: Sequence[Policy]
    person: Person
    rows: Rows

    def access(self, action: str) -> Access:
        return Access.of(self.policies, action, self.person)

    def seen(self) -> dict[str, Record]:
        """The records that are seen, as they are stored, by key."""
        reading = self.access("read")
        return {key: row for key, row in sorted(self.rows.items()) if reading.sees(row)}

    def shown(self) -> dict[str, Record]:
        """The records that are seen, as they are shown."""
        reading = self.access("read")
        return {key: told(reading, row) for key, row in self.seen().items()}


def told(reading: Access, row: Record) -> Record:
    """What is shown of a record; a hash is any hash, as the app's salt is not known here."""
    return {
        name: "hash" if way not in (CLEAR, HIDDEN) and way[0] == "hash" and row[name] is not None else value
        for name, value in reading.shown(row).items()
        for way in [reading.way(name, row)]
    }


def plain(value: Any) -> Any:
    """An answer with every hash as any hash."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return "hash" if isinstance(value, str) and HASH.fullmatch(value) else value


def rows_of(random: Random, count: int = RECORDS) -> dict[str, Record]:
    """Records of one entity, by key."""
    keys = [str(uuid.UUID(int=random.getrandbits(128), version=4)) for _ in range(count)]
    rows = [model.record(random, key) for key in keys]
    # Own values of the caller are not known before there is one.
    return {row["id"]: row for row in rows}


def policies_of(random: Random, prefix: str) -> list[Policy]:
    """A set of policies for roles with a prefix."""
    made = model.policies(random, prefix) + [
        model.policy(random, "update", prefix) for _ in range(random.choice([0, 1, 2]))
    ]
    own = ("$user.id", "$user.email")
    return [policy for policy in made if not any(c.value in own for c in policy.conditions if isinstance(c.value, str))]


async def import_sets(
    admin: Client, rows: Mapping[str, Rows], granted: Mapping[tuple[str, int], Sequence[Policy]]
) -> str:
    """Import entities with their records and policies; answers the commit."""
    hub = {"entity": "hub", "action": "read", "roles": ["all"]}
    document = {
        "version": 1,
        "entities": [entity("hub"), *(model.definition(name) for name in rows)],
        "relations": [
            relation(f"of_{name}", "one_to_many", "hub", name, target_key="u", on_delete="set_null") for name in rows
        ],
        "permissions": [hub, *(p.document(name) for (name, _), policies in granted.items() for p in policies)],
        "sample_data": {"hub": [{"id": ME}, {"id": OTHER}], **{n: list(each.values()) for n, each in rows.items()}},
    }
    return (await admin.post("/_admin/import", document)).expect(200).headers["X-Commit"]
