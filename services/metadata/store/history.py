"""Statements that read the history of a definition: its versions, counted from 1."""

from __future__ import annotations

from libs.shared import exact
from libs.shared.paging import Page
from libs.shared.postgres.databases import Connection, Database, Record
from services.metadata.model.versions import Version

NUMBERED = """
SELECT row_number() OVER (ORDER BY _h.version) AS number, _h.action, _h.document::text AS document, _h.ids::text AS ids,
    _h.actor ->> 'id' AS user_id, _h.actor ->> 'email' AS user_email, to_json(_h.at) #>> '{}' AS at
FROM metadata.history _h WHERE _h.definition_id = $1::text::uuid
"""
LIST = f"SELECT * FROM ({NUMBERED}) _n ORDER BY number DESC LIMIT $2 OFFSET $3"
FIND = f"SELECT * FROM ({NUMBERED}) _n WHERE number = $2"
LATEST = "SELECT count(*) FROM metadata.history WHERE definition_id = $1::text::uuid"


async def latest(database: Database | Connection, definition_id: str) -> int:
    """The number of a definition's newest version."""
    number: int = await database.fetchval(LATEST, definition_id)
    return number


async def find(database: Database | Connection, definition_id: str, number: int) -> Version | None:
    """One version of a definition."""
    row = await database.fetchrow(FIND, definition_id, number)
    return _version(row) if row is not None and row["document"] else None


async def page_of_versions(database: Database, definition_id: str, page: Page) -> list[Version]:
    """A page of versions, newest first, and the version before them."""
    rows = await database.fetch(LIST, definition_id, page.size + 1, page.offset)
    return [_version(row) for row in rows if row["document"]]


def _version(row: Record) -> Version:
    ids = exact.loads(row["ids"]) if row["ids"] else {}
    document = exact.loads(row["document"])
    return Version(row["number"], row["at"], row["user_id"], row["user_email"], document, ids)
