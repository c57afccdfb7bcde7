"""Reads rows as they were at a position of the log, in the form of today's tables.

Images are kept by field ids, so fields that have been renamed are found, and fields that came later
are null. A record's key is in every image.
"""

from __future__ import annotations

from libs.shared.schema import DELETED, Relation
from services.data.model import IMPLICIT_DELETED, EntityModel, Model, quote
from services.data.query.shapes import Visible
from services.data.query.visibility import About, visible_sql


class Past:
    """Each entity's records and each relation's pairs at the position whose slot is `position`.

    They are worked out once per statement. With `records`, the slot of a list of record ids, the
    records that are asked for themselves are looked up by id, and not among all of their entity.
    """

    def __init__(self, model: Model, position: int, records: int = 0) -> None:
        self._model = model
        self._position = f"${position}::bigint"
        self._records = records
        self._named: dict[str, str] = {}

    def root(self, entity: EntityModel) -> str:
        if not self._records:
            return self.entity(entity)
        only = f" AND _c.record_id = ANY(${self._records}::text[])"
        return self._name("_root", self._rows(entity, only))

    def entity(self, entity: EntityModel) -> str:
        return self._name(f"_entity_{entity.number}", self._rows(entity))

    def join(self, relation: Relation) -> str:
        source, target = self._model.entity(relation.source), self._model.entity(relation.target)
        own = source.fields[relation.source_key].column_type.partition("(")[0]
        other = target.fields[relation.target_key].column_type.partition("(")[0]
        rows = (
            f"SELECT (_c.image ->> '1')::{own} AS {quote(relation.source_join_key)}, "
            f"(_c.image ->> '2')::{other} AS {quote(relation.target_join_key)} "
            f"FROM ({self._latest(relation.number)}) _c WHERE _c.action <> 'delete'"
        )
        return self._name(f"_relation_{relation.number}", rows)

    def both(self, entity: EntityModel, row: str, condition: About) -> str:
        """Today's permissions hold for a record as it was and as it is, if it is still there."""
        return f"({condition(row)} AND {still_sql(entity, row, condition)})"

    def statement(self, select: str, *named: str) -> str:
        rows = [f"{name} AS MATERIALIZED ({sql})" for name, sql in self._named.items()]
        return f"WITH {', '.join([*rows, *named])} {select}"

    def _name(self, name: str, rows: str) -> str:
        self._named.setdefault(name, rows)
        return name

    def _rows(self, entity: EntityModel, only: str = "") -> str:
        named, record = _image_sql(entity, "_c.image")
        return (
            f"SELECT {named}, _c.version AS _version FROM ({self._latest(entity.number, only)}) _c, "
            f"LATERAL {record} WHERE jsonb_typeof(_c.image) = 'object'"
        )

    def _latest(self, number: int, only: str = "") -> str:
        return (
            "SELECT DISTINCT ON (_c.record_id) _c.image, _c.action, _c.version FROM data.commits _c "
            f"WHERE _c.entity = {number}{only} AND _c.position <= {self._position} "
            "ORDER BY _c.record_id, _c.version DESC"
        )


def still_sql(entity: EntityModel, row: str, condition: About) -> str:
    """The condition that the record of `row` as it is now meets a condition too, if it is still there."""
    now = f"{row}_now"
    same = " AND ".join(f"{a} = {b}" for a, b in zip(entity.key.columns(now), entity.key.columns(row), strict=True))
    return f"NOT EXISTS (SELECT FROM {entity.table} {now} WHERE {same} AND ({condition(now)}) IS NOT TRUE)"


def seen_sql(entity: EntityModel, image: str, visible: Visible) -> str:
    """The condition that a record as the SQL expression `image` has it may be seen."""
    if visible is None:
        return "true"
    named, record = _image_sql(entity, image)
    return f"EXISTS (SELECT FROM (SELECT {named} FROM {record}) _r WHERE {visible_sql('_r', visible)})"


def _image_sql(entity: EntityModel, image: str) -> tuple[str, str]:
    """The columns of an image by name, and the typed row `_i` that they are columns of."""
    columns = columns_of(entity)
    typed = ", ".join(f'"{field_id}" {kind}' for field_id, kind in columns.values())
    named = ", ".join(f'_i."{field_id}" AS {quote(name)}' for name, (field_id, _) in columns.items())
    return named, f"jsonb_to_record({object_sql(image)}) AS _i({typed})"


def object_sql(image: str) -> str:
    """An image of the log, or null where it is none: PostgreSQL would refuse the whole statement."""
    return f"CASE WHEN jsonb_typeof({image}) = 'object' THEN {image} END"


def columns_of(entity: EntityModel) -> dict[str, tuple[str, str]]:
    """Column → key in the log's images and type, for today's fields and the soft-delete mark."""
    columns = {
        field.name: (entity.image_ids[field.name], field.column_type.partition("(")[0])
        for field in entity.fields.values()
    }
    if entity.soft_delete and DELETED not in columns:
        columns[DELETED] = (entity.image_ids.get(DELETED, IMPLICIT_DELETED), "timestamptz")
    return columns
