"""A business table or join table as replays see it: which columns the log's images have, and how rows are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from libs.shared.errors import invalid_field
from libs.shared.schema import VERSION_COLUMN
from libs.shared.schema.comments import COMMENTS
from services.data.model import EntityModel, Model, quote

VERSION = quote(VERSION_COLUMN)


@dataclass(frozen=True, slots=True)
class Table:
    """`title` names its rows in events, `number` in the log; `columns` are column → key in the images."""

    title: str
    number: int
    name: str
    keys: Sequence[str]
    types: Sequence[str]
    columns: Mapping[str, str]

    @property
    def table(self) -> str:
        """Its name as SQL."""
        return f"records.{quote(self.name)}"

    def record_id(self, row: str) -> str:
        """The record id of a row in the log, as SQL."""
        parts = [f"{row}.{quote(key)}" for key in self.keys]
        return f"concat_ws(',', {', '.join(parts)})" if len(parts) > 1 else f"{parts[0]}::text"

    def same(self, row: str, image: str) -> str:
        """The condition that a row has the key that an image holds, as its index can find it."""
        pairs = zip(self.keys, self.types, strict=True)
        return " AND ".join(f"{row}.{quote(k)} = ({image} ->> '{self.columns[k]}')::{kind}" for k, kind in pairs)

    def image_of(self, row: str) -> str:
        """A row as the log would have it."""
        return self._object(f"{row}.{quote(column)}" for column in self.columns)

    def whole(self, image: str) -> str:
        """An image with a null for every column that was added later."""
        return self._object(f"{image} -> '{key}'" for key in self.columns.values())

    def _object(self, values: object) -> str:
        pairs = zip(values, self.columns.values(), strict=True)  # type: ignore[call-overload]
        listed = ", ".join(f"{value} AS {quote(key)}" for value, key in pairs)
        return f"(SELECT to_jsonb(_i) FROM (SELECT {listed}) _i)"


def tables_of(model: Model, only: str = "") -> list[Table]:
    """All tables, by number; with `only`, the one of this title. Raises VALIDATION_FAILED if there is none."""
    found = [_of_entity(model.entity(name)) for name in (COMMENTS, *model.schema.entities)]
    for relation in model.schema.relations.values():
        if relation.joined:
            keys = (relation.source_join_key, relation.target_join_key)
            ends = ((relation.source, relation.source_key), (relation.target, relation.target_key))
            types = [model.entity(name).column_type(key) for name, key in ends]
            columns = dict(zip(keys, ("1", "2"), strict=True))
            found.append(Table(relation.join_table, relation.number, relation.join_table, keys, types, columns))
    chosen = sorted((t for t in found if only in ("", t.title)), key=lambda table: table.number)
    if only and not chosen:
        raise invalid_field("only", f"there is no entity or join table {only}")
    return chosen


def _of_entity(entity: EntityModel) -> Table:
    name = entity.definition.table
    return Table(entity.name, entity.number, name, entity.key.names, entity.key.types, entity.image_ids)
