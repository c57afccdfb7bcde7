"""Slugs: readable keys made from another field, unique by a number at their end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Connection, Database
from libs.shared.schema.entities import Slug
from libs.shared.schema.slugs import free_slug, slugify
from services.data.model import EntityModel, quote
from services.data.writes.changes import Action

if TYPE_CHECKING:
    from services.data.writes.drafts import Draft


async def assign(
    connection: Connection | Database, entity: EntityModel, action: Action, drafts: Sequence[Draft]
) -> None:
    """Make the slugs that were not sent. Raises VALIDATION_FAILED where the source gives none but one is required."""
    slug = entity.definition.slug
    if slug is None or slug.source is None:
        return
    wanting = [draft for draft in drafts if _wants(slug, action, draft)]
    bases = {id(draft): slugify(str(draft.values.get(slug.source) or "")) for draft in wanting}
    taken = await _taken(connection, entity, slug, {base for base in bases.values() if base})
    for draft in wanting:
        own = draft.stored.record.get(slug.field) if draft.stored else None
        base = bases[id(draft)]
        value = free_slug(base, taken - {own}) if base else None
        if value is None and entity.fields[slug.field].required:
            message = f"{slug.field} is required, and {slug.source} gives none"
            detail = {"field": slug.field, "rule": "required", "message": message}
            raise draft.refuse(RocketError("VALIDATION_FAILED", message, [detail]))
        draft.values[slug.field] = value
        if value is not None:
            taken.add(value)


def _wants(slug: Slug, action: Action, draft: Draft) -> bool:
    if draft.values.get(slug.field) is not None or slug.source is None:
        return False
    if action is Action.CREATE:
        return True
    changed = draft.stored is not None and draft.values.get(slug.source) != draft.stored.record.get(slug.source)
    return slug.regenerate_on_update and slug.source in draft.values and changed and slug.field not in draft.values


async def _taken(connection: Connection | Database, entity: EntityModel, slug: Slug, bases: set[str]) -> set[Any]:
    """The slugs there are that begin like one of the bases, also in the trash."""
    if not bases:
        return set()
    column = f"r.{quote(slug.field)}"
    # Slugs hold letters, digits and hyphens only, so none is special in a pattern.
    alike = f"{column} = ANY($1::text[]) OR {column} LIKE ANY($2::text[])"
    sql = f"SELECT {column} AS slug FROM {entity.table} r WHERE {alike}"
    rows = await connection.fetch(sql, list(bases), [f"{base}-%" for base in bases])
    return {row["slug"] for row in rows}
