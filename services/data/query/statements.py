"""Small statements about one record that writes need; what callers read is made in `lists` and `points`."""

from __future__ import annotations

from typing import Any

from services.data.model import EntityModel, KeyValue
from services.data.permissions import Grant
from services.data.query.predicates import Parameters


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


def exists_statement(entity: EntityModel, key: KeyValue) -> tuple[str, list[Any]]:
    """Whether a live record has this key, whoever may see it: columns schema_version, version (or null)."""
    parameters = Parameters()
    sql = (
        f"SELECT v.version AS schema_version, r._version AS version "
        f"FROM metadata.schema_version v LEFT JOIN {entity.table} r "
        f"ON {entity.key.equals('r', key, parameters)} AND {entity.alive('r')}"
    )
    return sql, parameters.values


def hidden_statement(entity: EntityModel, key: KeyValue, grant: Grant) -> tuple[str, list[Any]]:
    """Whether there is a record, live or in the trash, that the grant does not cover: schema_version, hidden."""
    parameters = Parameters()
    sql = (
        f"SELECT v.version AS schema_version, r._version IS NOT NULL AND "
        f"({grant.condition('r', parameters)}) IS NOT TRUE AS hidden "
        f"FROM metadata.schema_version v LEFT JOIN {entity.table} r ON {entity.key.equals('r', key, parameters)}"
    )
    return sql, parameters.values
