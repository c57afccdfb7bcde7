"""Slugs: readable keys made from another field, unique by a number at the end."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from libs.shared.errors import RocketError, detail_of
from libs.shared.postgres.databases import Connection, Database, in_ambient_transaction
from libs.shared.schema.entities import Slug
from libs.shared.schema.slugs import slugify
from services.data.model import EntityModel, quote
from services.data.writes.context.drafts import Draft
from services.data.writes.preparing import store
from services.data.writes.statements.changes import Action

T = TypeVar("T")

MAX_ATTEMPTS = 5
"""How often slugs are made again because another request took them first."""
MAX_PATTERN_BASES = 8
"""Bases that are looked for by patterns."""


async def with_free_slugs(
    database: Database, entity: EntityModel, bodies: Sequence[dict[str, Any]], attempt: Callable[[], Awaitable[T]]
) -> T:
    """What `attempt` returns. It is repeated where a slug that it made was taken in the meantime.

    Repetitions of an entity follow one another by a lock, so they compete only with first attempts.
    """
    slug = entity.definition.slug
    if slug is None or all(body.get(slug.field) not in (None, "") for body in bodies):
        return await attempt()
    try:
        return await attempt()
    except RocketError as refusal:
        if not _is_taken(slug, refusal):
            raise
    async with database.transaction() if in_ambient_transaction() else database.ambient_transaction() as transaction:
        await transaction.execute(store.LOCK_SLUGS, entity.number)
        for _ in range(MAX_ATTEMPTS):
            try:
                return await attempt()
            except RocketError as refusal:
                if not _is_taken(slug, refusal):
                    raise
        return await attempt()


def _is_taken(slug: Slug, refusal: RocketError) -> bool:
    return refusal.code == "CONFLICT" and {detail.get("field") for detail in refusal.details} == {slug.field}


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
    numbers: dict[str, int] = {}
    for draft in wanting:
        own = draft.stored.record.get(slug.field) if draft.stored else None
        base = bases[id(draft)]
        value = _free(base, own, taken, numbers) if base else None
        if value is None and entity.fields[slug.field].required:
            message = f"{slug.field} is required, and {slug.source} gives none"
            detail = detail_of(slug.field, message, "required")
            raise draft.refuse(RocketError("VALIDATION_FAILED", message, [detail]))
        draft.values[slug.field] = value
        if value is not None:
            taken.add(value)


def _free(base: str, own: Any, taken: set[Any], numbers: dict[str, int]) -> str:
    """The base, or the base with the first free number. `numbers` says by base where to continue."""
    if base == own or base not in taken:
        return base
    for number in itertools.count(numbers.get(base, 2)):
        slug = f"{base}-{number}"
        if slug == own or slug not in taken:
            numbers[base] = number
            return slug
    raise AssertionError("numbers never end")


def _wants(slug: Slug, action: Action, draft: Draft) -> bool:
    if draft.values.get(slug.field) is not None or slug.source is None:
        return False
    if action is Action.CREATE:
        return True
    changed = draft.stored is not None and draft.values.get(slug.source) != draft.stored.record.get(slug.source)
    return slug.regenerate_on_update and slug.source in draft.values and changed and slug.field not in draft.values


async def _taken(connection: Connection | Database, entity: EntityModel, slug: Slug, bases: set[str]) -> set[Any]:
    """The stored slugs that are made from one of the bases, also in the trash."""
    if not bases:
        return set()
    column = f"_r.{quote(slug.field)}"
    sql = f"SELECT {column} AS slug FROM {entity.table} _r WHERE {column} = ANY($1::text[]) OR "
    if len(bases) > MAX_PATTERN_BASES:
        # A slug is taken apart once, however many bases there are; patterns would be tried one by one.
        numberless = f"regexp_replace({column}, '-[0-9]+$', '') = ANY($1::text[])"
        rows = await connection.fetch(sql + numberless, list(bases))
    else:
        # Slugs hold letters, digits and hyphens only, so none is special in a pattern.
        patterns = [f"{base}-%" for base in bases]
        rows = await connection.fetch(f"{sql}{column} LIKE ANY($2::text[])", list(bases), patterns)
    return {row["slug"] for row in rows}
