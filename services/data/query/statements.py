"""The statements that read records. PostgreSQL makes the JSON; Python passes the bytes on."""

from __future__ import annotations

from typing import Any

from services.data.model import EntityModel, quote
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
    order.append(f"r.{quote(entity.key.name)}")
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


def get_statement(entity: EntityModel, key: Any, grant: Grant) -> tuple[str, list[Any]]:
    """One record: columns schema_version, version, record (JSON object as text; null if there is none)."""
    parameters = Parameters(key)
    where = f"{entity.alive('r')} AND {grant.condition('r', parameters)}"
    sql = (
        f"SELECT v.version AS schema_version, r._version AS version, {entity.json('r')} AS record "
        f"FROM metadata.schema_version v LEFT JOIN {entity.table} r "
        f"ON r.{quote(entity.key.name)} = $1::{entity.key.column_type} AND {where}"
    )
    return sql, parameters.values


def points_statement(entity: EntityModel) -> str:
    """Records by keys, for whoever may read all: columns n (place of the key), schema_version, version, record."""
    return (
        f"SELECT k.n, v.version AS schema_version, r._version AS version, {entity.json('r')} AS record "
        f"FROM metadata.schema_version v "
        f"CROSS JOIN unnest($1::{entity.key.column_type}[]) WITH ORDINALITY AS k(key, n) "
        f"LEFT JOIN {entity.table} r ON r.{quote(entity.key.name)} = k.key AND {entity.alive('r')}"
    )


def exists_statement(entity: EntityModel, key: Any) -> tuple[str, list[Any]]:
    """Whether a live record has this key, whoever may see it: columns schema_version, version (or null)."""
    sql = (
        f"SELECT v.version AS schema_version, r._version AS version "
        f"FROM metadata.schema_version v LEFT JOIN {entity.table} r "
        f"ON r.{quote(entity.key.name)} = $1::{entity.key.column_type} AND {entity.alive('r')}"
    )
    return sql, [key]
