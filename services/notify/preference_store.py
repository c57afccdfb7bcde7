"""The statements about preferences of users."""

from __future__ import annotations

from collections.abc import Collection

from libs.shared import exact
from libs.shared.contracts.notification_bodies import PreferencesBody
from libs.shared.postgres.databases import Connection, Database

LOAD = "SELECT user_id, document::text FROM notify.preferences WHERE user_id = ANY ($1::text[])"
SAVE = """
INSERT INTO notify.preferences (user_id, document) VALUES ($1, $2::jsonb)
ON CONFLICT (user_id) DO UPDATE SET document = excluded.document, updated_at = now()
"""


async def load(database: Database | Connection, users: Collection[str]) -> dict[str, PreferencesBody]:
    """The preferences of these users, by id; those who have never changed theirs are missing."""
    rows = await database.fetch(LOAD, sorted(users))
    return {row["user_id"]: PreferencesBody.model_validate(exact.loads(row["document"])) for row in rows}


async def save(database: Database | Connection, user_id: str, preferences: PreferencesBody) -> None:
    """Store the preferences of a user."""
    await database.execute(SAVE, user_id, exact.dumps(preferences.model_dump(exclude_none=True)).decode())
