"""The statements that read records. PostgreSQL makes the JSON; Python passes the bytes on."""

from __future__ import annotations

from typing import Any

from services.data.model import EntityModel, KeyValue, quote
from services.data.permissions import Grant
from services.data.query.parameters import ListQuery
from services.data.query.predicates import Parameters, compare

VERSION = "(SELECT version FROM metadata.schema_version)"
"""Read in the statement's own snapshot, so it is the version of the tables that were read."""


def list_statement(entity: EntityModel, query: ListQuery, grant: Grant) -> tuple[str, list[Any]]:
    """One page and the total: columns schema_version, total, records (JSON list as text)."""
    parameters = Parameters()
    where = " AND ".join(
        [
            entity.alive("r"),
            grant.condition("r", parameters),
            *(compare(comparison, "r", parameters) for comparison in query.filters),
        ]
    )
    order = [f"r.{quote(name)} {'DESC NULLS LAST' if down else 'ASC NULLS FIRST'}" for name, down in query.sort]
    order += entity.key.columns("r")
    limit = parameters.add(query.page.size, "bigint")
    offset = parameters.add(query.page.offset, "bigint")
    rows = (
        f"SELECT {entity.columns('r')} FROM {entity.table} r WHERE {where} "
        f"ORDER BY {', '.join(order)} LIMIT {limit} OFFSET {offset}"
    )
    sql = (
        f"SELECT {VERSION} AS schema_version, "
        f"(SELECT count(*) FROM {entity.table} r WHERE {where}) AS total, "
        f"(SELECT coalesce(json_agg(_x), '[]')::text FROM ({rows}) _x) AS records"
    )
    return sql, parameters.values


def get_statement(entity: EntityModel, key: KeyValue, grant: Grant) -> tuple[str, list[Any]]:
    """One record: columns schema_version, version, record (JSON object as text; null if there is none)."""
    parameters = Parameters()
    where = f"{entity.key.equals('r', key, parameters)} AND {entity.alive('r')} AND {grant.condition('r', parameters)}"
    sql = (
        f"SELECT v.version AS schema_version, r._version AS version, {entity.json('r')} AS record "
        f"FROM metadata.schema_version v LEFT JOIN {entity.table} r "
        f"ON {where}"
    )
    return sql, parameters.values


def points_statement(entity: EntityModel) -> str:
    """Records by keys, for whoever may read all: columns n (place of the key), schema_version, version, record."""
    keys = ", ".join(f"k{n}" for n in range(len(entity.key.fields)))
    arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(entity.key.types, 1))
    same = " AND ".join(f"{column} = k.k{n}" for n, column in enumerate(entity.key.columns("r")))
    return (
        f"SELECT k.n, v.version AS schema_version, r._version AS version, {entity.json('r')} AS record "
        f"FROM metadata.schema_version v "
        f"CROSS JOIN unnest({arrays}) WITH ORDINALITY AS k({keys}, n) "
        f"LEFT JOIN {entity.table} r ON {same} AND {entity.alive('r')}"
    )


def exists_statement(entity: EntityModel, key: KeyValue) -> tuple[str, list[Any]]:
    """Whether a live record has this key, whoever may see it: columns schema_version, version (or null)."""
    parameters = Parameters()
    sql = (
        f"SELECT v.version AS schema_version, r._version AS version "
        f"FROM metadata.schema_version v LEFT JOIN {entity.table} r "
        f"ON {entity.key.equals('r', key, parameters)} AND {entity.alive('r')}"
    )
    return sql, parameters.values
