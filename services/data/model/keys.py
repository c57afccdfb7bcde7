"""Keys of records: one field, or several whose values are joined by commas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.shared.errors import not_found
from libs.shared.schema import BadValue, EntityDefinition, parse_text
from services.data.model.naming import quote
from services.data.model.parameters import StatementParameters

KeyValue = tuple[Any, ...]
"""The values of a key's fields, in order; most keys have one."""


class Key:
    """The key of an entity. String parts hold no comma, so a joined key is unambiguous."""

    def __init__(self, definition: EntityDefinition) -> None:
        self.fields = definition.key_fields
        self.names = tuple(field.name for field in self.fields)
        self.generated = definition.primary_key.generated
        self.composite = len(self.fields) > 1
        self.types = tuple(field.column_type.partition("(")[0] for field in self.fields)

    def parse(self, text: str) -> KeyValue:
        """Parse the key in a URL. Raises NOT_FOUND for what can't be one."""
        parts = text.split(",") if self.composite else [text]
        if len(parts) != len(self.fields):
            raise not_found("Record")
        try:
            return tuple(parse_text(field, part) for field, part in zip(self.fields, parts, strict=True))
        except BadValue:
            raise not_found("Record") from None

    def of(self, values: Mapping[str, Any]) -> KeyValue:
        """The key within a record's values."""
        return tuple(values[name] for name in self.names)

    def text(self, value: KeyValue) -> str:
        """A key as URLs and the log write it."""
        return ",".join(map(str, value))

    def json_value(self, record: Mapping[str, Any]) -> Any:
        """The key of a record as JSON: its value, or the joined text of several."""
        return ",".join(str(record[name]) for name in self.names) if self.composite else record[self.names[0]]

    def json_value_of_text(self, text: str) -> Any:
        """The same, from the key's text."""
        return int(text) if self.types[0] in ("integer", "bigint") and not self.composite else text

    def columns(self, row: str) -> list[str]:
        """The key's columns of `row`, in order."""
        return [f"{row}.{quote(name)}" for name in self.names]

    def sql_text(self, row: str) -> str:
        """A key's text within SQL."""
        columns = self.columns(row)
        return f"concat_ws(',', {', '.join(columns)})" if self.composite else f"{columns[0]}::text"

    def equals_text(self, row: str, text: str) -> str:
        """The condition that `row` has the key that an SQL text holds, as its index can find it."""
        parts = [text]
        if self.composite:
            parts = [f"split_part({text}, ',', {n})" for n, _ in enumerate(self.names, 1)]
        keys = zip(self.columns(row), parts, self.types, strict=True)
        return " AND ".join(f"{column} = ({part})::{kind}" for column, part, kind in keys)

    def equals(self, row: str, value: KeyValue, parameters: StatementParameters) -> str:
        """The condition that `row` has this key."""
        each = zip(self.columns(row), self.types, value, strict=True)
        return " AND ".join(f"{column} = {parameters.add(part, kind)}" for column, kind, part in each)
