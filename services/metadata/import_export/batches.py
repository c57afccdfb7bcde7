"""Records for one table and the log, in the form that `data.import_records` takes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared.schema import DELETED, Relation
from services.metadata.import_export.samples import Record, columns_of
from services.metadata.model.schema import LiveEntity
from services.metadata.planning.tables import IMPLICIT_DELETED


@dataclass(frozen=True, slots=True)
class ImportBatch:
    """The log knows the table by `number`, and keeps the columns under the ids of `image`."""

    number: int
    table: str
    key: Sequence[str]
    image: Mapping[str, str]
    rows: Sequence[Record]

    def to_dict(self) -> dict[str, Any]:
        """In the form that the database reads."""
        return {
            "number": self.number,
            "table": self.table,
            "key": self.key,
            "columns": columns_of(self.rows),
            "image": self.image,
            "rows": self.rows,
        }


def of_entity(live: LiveEntity, records: Sequence[Record]) -> ImportBatch:
    """Records of an entity; images hold every field it ever had."""
    image = {str(entry["id"]): name for name, entry in live.row.ids.items()}
    if live.definition.soft_delete and DELETED not in live.row.ids:
        image[str(IMPLICIT_DELETED)] = DELETED
    return ImportBatch(live.row.number, live.definition.table, live.definition.primary_key.names, image, records)


def of_relation(relation: Relation, pairs: Sequence[Record]) -> ImportBatch:
    """Pairs of a many_to_many relation; images hold the source's value as 1 and the target's as 2."""
    columns = (relation.source_join_key, relation.target_join_key)
    image = {"1": relation.source_join_key, "2": relation.target_join_key}
    return ImportBatch(relation.number, relation.join_table, columns, image, pairs)
