"""What a definition was: its versions, counted from 1, as the history of all definitions keeps them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from libs.shared import exact
from libs.shared.paging import Page
from libs.shared.postgres.databases import Connection, Database, Record

NUMBERED = """
SELECT row_number() OVER (ORDER BY _h.version) AS number, _h.action, _h.document::text AS document, _h.ids::text AS ids,
    _h.actor ->> 'id' AS user_id, _h.actor ->> 'email' AS user_email, to_json(_h.at) #>> '{}' AS at
FROM metadata.history _h WHERE _h.definition_id = $1::text::uuid
"""
LIST = f"SELECT * FROM ({NUMBERED}) _n ORDER BY number DESC LIMIT $2 OFFSET $3"
FIND = f"SELECT * FROM ({NUMBERED}) _n WHERE number = $2"
LATEST = "SELECT count(*) FROM metadata.history WHERE definition_id = $1::text::uuid"

Ids = Mapping[str, Mapping[str, Any]]
"""Name of a field → `{"id": number, …}`."""

NAMES = ("name", "id")
"""Keys that parts of a definition are known by, so that a list of them may be reordered."""
LONGEST = 200
"""Paths of one version that are told; what changed beside them is told by the path of the whole."""


@dataclass(frozen=True, slots=True)
class Version:
    """A definition as it was. `ids` are those of an entity's fields, unknown for the oldest."""

    number: int
    at: str
    user_id: str | None
    user_email: str | None
    document: dict[str, Any]
    ids: dict[str, dict[str, Any]]

    def shown(self, before: Version | None) -> dict[str, Any]:
        """As the list of versions answers it; `before` is the version that it has changed."""
        changed = list(changes(before.document if before else {}, self.document))
        if len(changed) > LONGEST:
            changed = sorted({path.partition(".")[0] for path in changed})
        user = {"id": self.user_id, "email": self.user_email}
        return {"version": self.number, "at": self.at, "user": user, "changed": changed}


async def latest(database: Database | Connection, definition_id: str) -> int:
    """The number of a definition's newest version."""
    number: int = await database.fetchval(LATEST, definition_id)
    return number


async def find(database: Database | Connection, definition_id: str, number: int) -> Version | None:
    """One version of a definition."""
    row = await database.fetchrow(FIND, definition_id, number)
    return _version(row) if row is not None and row["document"] else None


async def listing(database: Database, definition_id: str, page: Page) -> list[dict[str, Any]]:
    """A page of versions as they are shown, newest first."""
    # One more, which the last of the page is compared with.
    rows = await database.fetch(LIST, definition_id, page.size + 1, page.offset)
    found = [_version(row) for row in rows if row["document"]]
    return [each.shown(before) for each, before in zip(found, [*found[1:], None], strict=False)][: page.size]


def changes(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """The paths at which two documents differ: the deepest ones that both have, or that one of them lacks."""
    if old == new and type(old) is type(new):
        return
    before, after = _parts(old), _parts(new)
    if before is None or after is None or type(old) is not type(new):
        yield path
        return
    found = False
    for name in [*after, *(name for name in before if name not in after)]:
        here = f"{path}.{name}" if path else name
        if name not in before or name not in after:
            found = True
            yield here
        else:
            for each in changes(before[name], after[name], here):
                found = True
                yield each
    if not found:
        yield path  # the same parts in another order


def _parts(value: Any) -> Mapping[str, Any] | None:
    """The parts of an object, or of a list by their names or places; None for what has none."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list):
        return None
    for key in NAMES:
        names = [each.get(key) if isinstance(each, dict) else None for each in value]
        if value and all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return dict(zip(map(str, names), value, strict=True))
    return {str(place): each for place, each in enumerate(value)}


def with_renames(document: dict[str, Any], then: Ids, now: Ids, live: Collection[str]) -> dict[str, Any]:
    """An entity's former document, to be its next one: fields that have other names by now say so.

    `then` and `now` are the ids of its fields, `live` the names of those that it has.
    """
    names = {now[name]["id"]: name for name in live if name in now}
    fields = []
    for field in document["fields"]:
        name = field["name"]
        today = names.get(then[name]["id"]) if name in then else None
        renamed = today is not None and today != name and name not in live
        fields.append({**field, "renamed_from": today} if renamed else field)
    return {**document, "fields": fields}


def _version(row: Record) -> Version:
    ids = exact.loads(row["ids"]) if row["ids"] else {}
    document = exact.loads(row["document"])
    return Version(row["number"], row["at"], row["user_id"], row["user_email"], document, ids)
