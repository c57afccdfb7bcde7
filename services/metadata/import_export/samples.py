"""Turns sample rows into records to insert: validated, with the values that the server adds. Pure.

A record maps columns to JSON values, which the database reads column by column.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson

from libs.shared.errors import Detail, RocketError
from libs.shared.schema import DELETED, BadValue, EntityDefinition, FieldDefinition, parse_value
from libs.shared.schema.values import MAX_RECORD_ID_BYTES, is_among, is_long_id, parse_written

MAX_KEY_CHARACTERS = 255
"""A key is part of URLs, headers and subjects."""
KEYLESS = uuid.UUID("6d1f6f0e-4d0c-5c1e-9f57-0d2b9c6f2a44")
"""Namespace of ids derived from the content of rows without an id, so that the same row gets the same id."""

Row = Mapping[str, Any]
Record = dict[str, Any]


class Misfit(Exception):
    """A value that can't be stored; `field` is None for the row as a whole."""

    def __init__(self, field: str | None, message: str) -> None:
        super().__init__(message)
        self.field = field


def records_of(entity: EntityDefinition, rows: Sequence[Row], now: datetime) -> list[Record]:
    """The records of an entity's sample rows; generated int keys are left out. Raises VALIDATION_FAILED."""
    shape = _Shape(entity, now)
    return _each(entity.name, rows, shape.record)


def pairs_of(name: str, columns: Mapping[str, FieldDefinition], rows: Sequence[Row]) -> list[Record]:
    """The rows of a join table; `columns` are its keys with the fields they refer to. Raises VALIDATION_FAILED."""
    return _each(name, rows, lambda row: _pair(columns, row))


def _each(name: str, rows: Sequence[Row], make: Any) -> list[Record]:
    records, problems = [], []
    for index, row in enumerate(rows):
        try:
            records.append(make(row))
        except Misfit as misfit:
            problems.append(_detail(name, index, misfit))
    if problems:
        first = problems[0]
        where = f"{first['path']}.{first['field']}" if "field" in first else first["path"]
        raise RocketError("VALIDATION_FAILED", f"{where}: {first['message']}", problems)
    return records


def _detail(name: str, index: int, misfit: Misfit) -> Detail:
    path = f"sample_data.{name}[{index}]"
    detail: Detail = {"entity": name, "index": index, "path": path, "message": str(misfit)}
    return {**detail, "field": misfit.field} if misfit.field else detail


def _pair(columns: Mapping[str, FieldDefinition], row: Row) -> Record:
    for name in row:
        if name not in columns:
            raise Misfit(name, "there is no such column")
    pair = {name: _value(field, row.get(name), required=True, name=name) for name, field in columns.items()}
    _check_id(pair.values())
    return pair


def _check_id(parts: Iterable[Any]) -> None:
    if is_long_id(parts):
        raise Misfit(None, f"the values of the key must have at most {MAX_RECORD_ID_BYTES} bytes together")


class _Shape:
    """The properties shared by all rows of an entity, computed once."""

    def __init__(self, entity: EntityDefinition, now: datetime) -> None:
        fields = {field.name: field for field in entity.fields}
        if entity.soft_delete:
            fields.setdefault(DELETED, FieldDefinition(name=DELETED, type="timestamp"))
        self._name = entity.name
        self._fields = fields
        self._keys = {field.name: field for field in entity.key_fields}
        self._others = [field for field in fields.values() if field.name not in self._keys]
        self._generated = entity.primary_key.generated
        self._makes_ids = entity.primary_key.type == "uuid"
        self._slug = entity.slug.field if entity.slug and entity.slug.source else None
        self._now = now.isoformat()
        self._seen: Counter[str] = Counter()

    def record(self, row: Row) -> Record:
        """The record of a row. Raises Misfit."""
        for name in row:
            if name not in self._fields:
                raise Misfit(name, "there is no such field")
        record = {field.name: self._completed(field, row) for field in self._others}
        for name, field in self._keys.items():
            if row.get(name) is not None or not self._generated:
                record[name] = _key(field, row.get(name))
            elif self._makes_ids:
                record[name] = self._made_from(row)
        if len(self._keys) > 1:
            _check_id([record[name] for name in self._keys])
        return record

    def _completed(self, field: FieldDefinition, row: Row) -> Any:
        """A field's value: as given, else set by the server, else the default."""
        if field.name in row:
            return _value(field, row[field.name], required=field.required and not field.nullable)
        if field.auto == "sequence":
            return None  # what is there is not numbered; a counter goes on after the given numbers
        if field.auto:
            return self._now
        if field.default is not None:
            return _value(field, field.default)
        return _value(field, None, required=field.required and not field.nullable and field.name != self._slug)

    def _made_from(self, row: Row) -> str:
        """An id derived from the content of a row."""
        content = json.dumps(row, sort_keys=True, default=str)
        self._seen[content] += 1
        return str(uuid.uuid5(KEYLESS, f"{self._name}/{self._seen[content]}/{content}"))


def _value(field: FieldDefinition, given: Any, required: bool = False, name: str = "") -> Any:
    if given is None:
        if required:
            raise Misfit(name or field.name, "is required")
        return None
    if field.type == "file":
        return _file(field, given)
    try:
        value = parse_written(field, given)
    except BadValue as problem:
        raise Misfit(name or field.name, str(problem)) from None
    if field.enum is not None and given not in field.enum and not is_among(field, value, field.enum):
        raise Misfit(field.name, f"must be one of {', '.join(map(str, field.enum))}")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if field.type == "json":
        return orjson.Fragment(value)
    return str(value) if isinstance(value, uuid.UUID) else value


def _key(field: FieldDefinition, given: Any) -> Any:
    value = _value(field, given, required=True)
    text = str(value)
    if not text or len(text) > MAX_KEY_CHARACTERS or "," in text or text.startswith("_") or text in (".", ".."):
        raise Misfit(
            field.name, f"must be a key: at most {MAX_KEY_CHARACTERS} characters, no comma, no _ at its beginning"
        )
    return value


def _file(field: FieldDefinition, given: Any) -> Any:
    """A file's description: a document does not contain the file itself."""
    parts: dict[str, type] = {"id": str, "filename": str, "size": int, "mime_type": str}
    whole = isinstance(given, dict) and all(isinstance(given.get(key), kind) for key, kind in parts.items())
    try:
        file_id = parse_value(field, given)
    except BadValue as problem:
        raise Misfit(field.name, str(problem)) from None
    if not whole:
        raise Misfit(field.name, f"must be an object with {', '.join(parts)}")
    return {**{key: given[key] for key in parts}, "id": str(file_id)}


def columns_of(records: Iterable[Record]) -> list[str]:
    """Every column of any of the records, in order of appearance."""
    return list(dict.fromkeys(name for record in records for name in record))
