"""What has become of a list since a moment: which records entered it, left it, or changed within it.

Both sides are the list itself as of a position, looked up for the records that the log names in between. So
permissions, masks and filters are those of `as_of`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared import exact
from services.data.model import EntityModel, Model
from services.data.query.compiler import Compiler
from services.data.query.past import Past
from services.data.query.shapes import Criteria, Output

MAX_CHANGED = 1_000
"""Records of one comparison: those that were changed last."""
RESERVED = 1
"""Values before those of the criteria: the record ids."""
# The records that commits of a range have changed, the last ones first: $1 entity, $2 from, $3 to.
CHANGED_RECORDS = f"""
SELECT _c.record_id, max(_c.position) AS position FROM data.commits _c
WHERE _c.entity = $1 AND _c.position > $2 AND _c.position <= $3
GROUP BY _c.record_id ORDER BY max(_c.position) DESC LIMIT {MAX_CHANGED + 1}
"""

Document = dict[str, Any]
Side = Mapping[str, tuple[int, Document]]
"""Record id → version and record, of those that the list showed."""


def side_sql(model: Model, entity: EntityModel, criteria: Criteria, output: Output) -> str:
    """The records with the ids in $1 that a list of the past shows: columns key, version, change (the record)."""
    compiler = Compiler(model, Past(model, criteria.as_of, RESERVED))
    matches = compiler.matches(entity, "_r", criteria)
    value, forms = compiler.select(entity, "_r", output, criteria.visible).objects()
    rows = (
        f"SELECT {entity.key.sql_text('_r')} AS key, _r._version AS version, "
        f"(SELECT to_json({value})::text {forms}) AS change FROM {compiler.sources.root(entity)} _r WHERE {matches}"
    )
    return compiler.statement(model.bounds.changes(rows))


def differences(changed: Sequence[tuple[str, int]], before: Side, after: Side) -> list[Document]:
    """The differences of the two sides, in the order of `changed`, which are record ids with their last position."""
    found = []
    for key, position in changed:
        old, new = before.get(key), after.get(key)
        if old is None and new is None:
            continue
        version, record = new or old or (0, {})
        row: Document = {"id": key, "position": position, "version": version, "record": record}
        if old is None or new is None:
            found.append({**row, "change": "entered" if old is None else "left"})
        elif fields := _fields(old[1], new[1]):
            found.append({**row, "change": "changed", "changed": fields})
    return found


def _fields(old: Document, new: Document) -> Document:
    """The fields that are shown differently; one that is not shown on a side is null there."""
    return {
        name: {"old": old.get(name), "new": new.get(name)}
        for name in dict.fromkeys((*old, *new))
        if exact.dumps(old.get(name)) != exact.dumps(new.get(name))
    }
