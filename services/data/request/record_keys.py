"""Resolves the record of a URL: by its key, or by its slug."""

from __future__ import annotations

from typing import Any

from libs.shared.errors import RocketError, not_found
from services.data.model import EntityModel, KeyValue, StatementParameters, quote
from services.data.permissions import Grant, granted
from services.data.query.statements import now_statement
from services.data.request.context import RequestContext
from services.data.request.execution import read


async def key_named(ctx: RequestContext, entity: EntityModel, text: str) -> KeyValue:
    """The key of the record that `text` names, live or in the trash. Raises NOT_FOUND for what can name none.

    Keys take precedence over slugs. A slug is found only in records that the caller may read, and only if they may see
    its field of all of them, so that hidden values can't be found out by trying.
    """
    try:
        key = entity.key.parse(text)
    except RocketError:
        if entity.definition.slug is None:
            raise
        key = None
    if key is not None and (entity.definition.slug is None or await _is_there(ctx, entity, key)):
        return key
    reading = granted(entity, "read", ctx.caller)
    found = None
    if reading is not None and _shows_slugs(entity, reading):
        row = await read(ctx, _by_slug(entity, entity.slug_of(text), reading))
        found = row["key"]
    if found is not None:
        return entity.key.parse(found)
    if key is None:
        raise not_found("Record")
    return key


async def _is_there(ctx: RequestContext, entity: EntityModel, key: KeyValue) -> bool:
    if entity.key.types == ("uuid",):
        return True  # no slug looks like one by chance
    row = await read(ctx, now_statement(entity, key))
    return row["record"] is not None


def _shows_slugs(entity: EntityModel, reading: Grant) -> bool:
    slug = entity.definition.slug
    return slug is not None and (reading.profile is None or slug.field in reading.profile.unrestricted)


def _by_slug(entity: EntityModel, slug: str, reading: Grant) -> tuple[str, list[Any]]:
    """The record with a slug, if the grant covers it: columns schema_version, key (text, or null)."""
    assert entity.definition.slug is not None, "asked for entities with a slug only"
    parameters = StatementParameters()
    same = f"_r.{quote(entity.definition.slug.field)} = {parameters.add(slug, 'text')}"
    sql = (
        f"SELECT _v.version AS schema_version, "
        f"CASE WHEN _r._version IS NOT NULL THEN {entity.key.sql_text('_r')} END AS key "
        f"FROM metadata.schema_version _v LEFT JOIN {entity.table} _r "
        f"ON {same} AND {reading.condition('_r', parameters)}"
    )
    return sql, parameters.values
