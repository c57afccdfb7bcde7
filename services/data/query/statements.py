"""Small statements about one record; those for responses are compiled in `lists` and `point_lookups`."""

from __future__ import annotations

from typing import Any

from services.data.model import EntityModel, KeyValue, StatementParameters
from services.data.permissions import Grant


def get_statement(entity: EntityModel, key: KeyValue, grant: Grant) -> tuple[str, list[Any]]:
    """One record: columns schema_version, version, record (JSON object as text; null if there is none)."""
    parameters = StatementParameters()
    where = (
        f"{entity.key.equals('_r', key, parameters)} AND {entity.alive('_r')} AND {grant.condition('_r', parameters)}"
    )
    sql = (
        f"SELECT _v.version AS schema_version, _r._version AS version, {entity.json('_r')} AS record "
        f"FROM metadata.schema_version _v LEFT JOIN {entity.table} _r "
        f"ON {where}"
    )
    return sql, parameters.values


def exists_statement(entity: EntityModel, key: KeyValue) -> tuple[str, list[Any]]:
    """Whether a live record has this key, regardless of permissions: columns schema_version, version (or null)."""
    parameters = StatementParameters()
    sql = (
        f"SELECT _v.version AS schema_version, _r._version AS version "
        f"FROM metadata.schema_version _v LEFT JOIN {entity.table} _r "
        f"ON {entity.key.equals('_r', key, parameters)} AND {entity.alive('_r')}"
    )
    return sql, parameters.values


def now_statement(entity: EntityModel, key: KeyValue) -> tuple[str, list[Any]]:
    """The record as it is now, live or in the trash, regardless of permissions: schema_version, record, live."""
    parameters = StatementParameters()
    sql = (
        f"SELECT _v.version AS schema_version, "
        f"CASE WHEN _r._version IS NOT NULL THEN {entity.json('_r')} END AS record, {entity.alive('_r')} AS live "
        f"FROM metadata.schema_version _v LEFT JOIN {entity.table} _r ON {entity.key.equals('_r', key, parameters)}"
    )
    return sql, parameters.values


def many_now_sql(entity: EntityModel) -> str:
    """Records as they are now, live or in the trash, by a list of keys as text: columns key, record, live."""
    # Not the other way round, as a key made into text is not found by its index.
    same = entity.key.equals_text("_r", "_k.key")
    return (
        f"SELECT _k.key, {entity.json('_r')} AS record, {entity.alive('_r')} AS live "
        f"FROM unnest($1::text[]) AS _k(key) JOIN {entity.table} _r ON {same}"
    )
