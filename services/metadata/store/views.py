"""Statements about saved views."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared import exact
from libs.shared.contracts.context import Identity
from libs.shared.postgres.databases import Connection, Database, Record
from services.metadata.model.view import SavedView, scopes_of

COLUMNS = """
    _v.id::text, _v.entity, _v.name, _v.scope, _v.state::text, _v.owner::text, _v.owner_email, _v.version,
    to_json(_v.created_at) #>> '{}' AS created_at, to_json(_v.updated_at) #>> '{}' AS updated_at
"""
# What a caller sees: $1 their id, $2 whether they are an admin, $3 shared scopes, $4 whether no policy is asked about
# them, $5 their roles. Shared views of an entity that they may not read would tell what its records hold.
SEEN = """(
    (_v.scope = 'me' AND _v.owner = $1) OR (_v.scope <> 'me' AND ($2 OR (_v.scope = ANY($3::text[]) AND ($4 OR EXISTS (
        SELECT FROM metadata.definitions _d
        WHERE _d.kind = 'permissions' AND _d.deleted_at IS NULL AND _d.document ->> 'entity' = _v.entity
            AND _d.document ->> 'action' = 'read' AND (_d.document -> 'roles')::jsonb ?| $5::text[]
    )))))
)"""
LIST = f"""
SELECT {COLUMNS} FROM metadata.views _v WHERE {SEEN} AND ($6::text IS NULL OR _v.entity = $6)
ORDER BY _v.entity, _v.name, _v.id
"""
FIND = f"SELECT {COLUMNS} FROM metadata.views _v WHERE {SEEN} AND _v.id = $6"
LOCK = f"{FIND} FOR UPDATE OF _v"
LIST_SHARED = f"SELECT {COLUMNS} FROM metadata.views _v WHERE _v.scope <> 'me' ORDER BY _v.entity, _v.scope, _v.name"
LIST_OF_ENTITY = f"SELECT {COLUMNS} FROM metadata.views _v WHERE _v.entity = $1 ORDER BY _v.id FOR UPDATE"
# Locked, so that a rename or the deletion of the entity comes before the view or meets it.
HAS_ENTITY = """
SELECT true FROM metadata.definitions _d WHERE _d.kind = 'entities' AND _d.key = $1 AND _d.deleted_at IS NULL FOR SHARE
"""
COUNT_OWN = "SELECT count(*) FROM metadata.views _v WHERE _v.scope = 'me' AND _v.owner = $1"
COUNT_SHARED = "SELECT count(*) FROM metadata.views _v WHERE _v.scope <> 'me'"
INSERT = f"""
INSERT INTO metadata.views AS _v (entity, name, scope, state, owner, owner_email) VALUES ($1, $2, $3, $4::json, $5, $6)
RETURNING {COLUMNS}
"""
REPLACE = f"""
UPDATE metadata.views _v SET entity = $2, name = $3, scope = $4, state = $5::json, owner = $6, owner_email = $7,
    version = version + 1, updated_at = now() WHERE _v.id = $1 RETURNING {COLUMNS}
"""
DELETE = "DELETE FROM metadata.views _v WHERE _v.id = $1"
DELETE_OF_ENTITY = f"DELETE FROM metadata.views _v WHERE _v.entity = $1 RETURNING {COLUMNS}"


@dataclass(frozen=True, slots=True)
class NewView:
    """What a view is to be."""

    entity: str
    name: str
    scope: str
    state: Mapping[str, Any]
    owner: str
    owner_email: str

    def values(self) -> tuple[Any, ...]:
        """In the order of the statements."""
        state = exact.dumps(self.state).decode()
        return self.entity, self.name, self.scope, state, uuid.UUID(self.owner), self.owner_email


async def list_seen(database: Database, caller: Identity, entity: str | None) -> list[SavedView]:
    """The views that a caller sees, of one entity or of all."""
    return [_view(row) for row in await database.fetch(LIST, *_caller(caller), entity)]


async def find(database: Database, caller: Identity, view_id: uuid.UUID) -> SavedView | None:
    """A view that the caller sees."""
    row = await database.fetchrow(FIND, *_caller(caller), view_id)
    return _view(row) if row else None


async def lock(transaction: Connection, caller: Identity, view_id: uuid.UUID) -> SavedView | None:
    """A view that the caller sees, locked until the end."""
    row = await transaction.fetchrow(LOCK, *_caller(caller), view_id)
    return _view(row) if row else None


async def list_shared(database: Database | Connection) -> list[SavedView]:
    """All views of shared scopes."""
    return [_view(row) for row in await database.fetch(LIST_SHARED)]


async def list_of_entity(transaction: Connection, entity: str) -> list[SavedView]:
    """All views of an entity, locked until the end."""
    return [_view(row) for row in await transaction.fetch(LIST_OF_ENTITY, entity)]


async def has_entity(transaction: Connection, name: str) -> bool:
    """Whether there is an entity of this name; it stays until the end of the transaction."""
    return bool(await transaction.fetchval(HAS_ENTITY, name))


async def count_own(transaction: Connection, owner: str) -> int:
    """The number of views that are a user's own."""
    number: int = await transaction.fetchval(COUNT_OWN, uuid.UUID(owner))
    return number


async def count_shared(transaction: Connection) -> int:
    """The number of shared views."""
    number: int = await transaction.fetchval(COUNT_SHARED)
    return number


async def insert(transaction: Connection, new: NewView) -> SavedView:
    return _stored(await transaction.fetchrow(INSERT, *new.values()))


async def replace(transaction: Connection, view_id: str, new: NewView) -> SavedView:
    return _stored(await transaction.fetchrow(REPLACE, uuid.UUID(view_id), *new.values()))


async def delete(transaction: Connection, view_id: str) -> None:
    await transaction.execute(DELETE, uuid.UUID(view_id))


async def delete_of_entity(transaction: Connection, entity: str) -> list[SavedView]:
    """Delete all views of an entity; returns them."""
    return [_view(row) for row in await transaction.fetch(DELETE_OF_ENTITY, entity)]


def _caller(caller: Identity) -> Sequence[Any]:
    passes = caller.passes_policies
    return uuid.UUID(caller.id), caller.is_admin, scopes_of(caller), passes, list(caller.roles)


def _stored(row: Record | None) -> SavedView:
    assert row is not None, "INSERT and UPDATE … RETURNING of a locked row answer it"
    return _view(row)


def _view(row: Record) -> SavedView:
    values = dict(row)
    return SavedView(**{**values, "state": exact.loads(values["state"])})
