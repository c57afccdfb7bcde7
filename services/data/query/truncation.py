"""`truncate=n`: long texts and json values of a list are cut where they are stored, so the rest never travels.

A json value is an object or a list; cut, it is a text: the beginning of its JSON. Values that identify records, and
those of an enum, are whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.data.model import EntityModel
from services.data.query.predicates import TEXT_TYPES
from services.data.query.shapes import Output

ELLIPSIS = "…"
"""What follows the beginning of a value that was cut."""


def cut_names(entity: EntityModel, output: Output) -> tuple[str, ...]:
    """The fields in an output whose long values are cut."""
    slug = entity.definition.slug
    whole = {*entity.key.names, *(link.own for link in entity.links), *((slug.field,) if slug else ())}
    whole |= {include.name for include in output.includes}
    return tuple(
        name
        for name, field in entity.fields.items()
        if field.type in (*TEXT_TYPES, "json") and name not in whole and not field.enum
    )


def truncated_sql(record: str, names: Sequence[str], slot: int, mark: str) -> str:
    """A record's JSON with the values of these fields cut; what was cut begins with the mark, its name and a colon."""
    text, length = "(_e.value #>> '{}')", f"${slot}::int"
    listed = ", ".join(f"'{name}'" for name in names)
    cut = f"to_json('{mark}' || _e.key || ':' || left({text}, {length}) || '{ELLIPSIS}')"
    value = f"CASE WHEN _e.key IN ({listed}) AND length({text}) > {length} THEN {cut} ELSE _e.value END"
    return f"(SELECT json_object_agg(_e.key, {value}) FROM json_each({record}) _e)"
