"""Counters of numbered fields.

Without `gapless`, numbers are taken in a short transaction of their own, which others wait for at most as long as that
takes; simultaneous ones are taken together. It is committed without waiting for the disk: whatever makes the record
durable comes later in the same log, so it makes the counter durable, too. What a refused write has taken is a gap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from libs.shared.concurrency.batcher import Batch, Batcher
from libs.shared.postgres.databases import Connection, Database
from services.data.model import EntityModel, quote
from services.data.model.numbered import NumberedField

MAX_TOGETHER = 1_000
"""Records whose numbers are taken together."""
MAX_PENDING = 10_000

Around = tuple[str, str]
"""The texts before and after a number."""
Wanted = Mapping[Around, int]
"""How many numbers are wanted."""
Firsts = dict[Around, int]
"""The first one of the numbers that were taken."""

TAKE = """
WITH {setting} _l AS MATERIALIZED (
    SELECT _n.key FROM data.numbers _n
    WHERE _n.entity = $1 AND _n.field = $2 AND _n.key = ANY($3::text[]) ORDER BY _n.key FOR UPDATE)
UPDATE data.numbers _n SET last = _n.last + _w.count
FROM _l JOIN unnest($3::text[], $4::bigint[]) AS _w(key, count) ON _w.key = _l.key {from_setting}
WHERE _n.entity = $1 AND _n.field = $2 AND _n.key = _l.key
RETURNING _n.key, _n.last - _w.count + 1 AS first
"""
TAKE_IN_TRANSACTION = TAKE.format(setting="", from_setting="")
TAKE_APART = TAKE.format(
    setting="_s AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS _off),",
    from_setting=", _s",
)
BEGIN = """
INSERT INTO data.numbers AS _n (entity, field, key, last) VALUES ($1, $2, $3, $4)
ON CONFLICT (entity, field, key) DO NOTHING
"""
PEEK = "SELECT key, last + 1 AS first FROM data.numbers WHERE entity = $1 AND field = $2 AND key = ANY($3::text[])"
RAISE = """
UPDATE data.numbers SET last = $4 WHERE entity = $1 AND field = $2 AND key = $3 AND last < $4 RETURNING last
"""


class Counters:
    """The counters that this process takes numbers from without holding them."""

    def __init__(self) -> None:
        self._batcher = Batcher[tuple[Database, str, int], tuple[EntityModel, NumberedField, Wanted], Firsts](
            "data", self._take, max_items=MAX_TOGETHER, max_pending=MAX_PENDING, serial=True
        )

    async def take(self, database: Database, entity: EntityModel, numbered: NumberedField, wanted: Wanted) -> Firsts:
        """As many numbers as are wanted; nobody else gets them."""
        return await self._batcher.call((database, entity.name, numbered.field_id), (entity, numbered, wanted))

    async def _take(
        self, key: tuple[Database, str, int], batch: Batch[tuple[EntityModel, NumberedField, Wanted], Firsts]
    ) -> Sequence[Firsts]:
        items = batch.take()
        entity, numbered, _ = items[-1]
        together: Counter[Around] = Counter()
        for _, _, wanted in items:
            together.update(wanted)
        firsts = await take(key[0], entity, numbered, together, TAKE_APART)
        results: list[Firsts] = []
        for _, _, wanted in items:
            results.append({around: firsts[around] for around in wanted})
            for around, count in wanted.items():
                firsts[around] += count
        return results


async def take(
    connection: Connection | Database,
    entity: EntityModel,
    numbered: NumberedField,
    wanted: Wanted,
    sql: str = TAKE_IN_TRANSACTION,
) -> Firsts:
    """Take numbers, in the transaction of `connection` if it has one: then others wait for its end."""
    keys = {key_of(around): around for around in wanted}
    arguments = entity.number, numbered.field_id, list(keys), [wanted[around] for around in keys.values()]
    found: Firsts = {keys[row["key"]]: row["first"] for row in await connection.fetch(sql, *arguments)}
    missing = {key: around for key, around in keys.items() if around not in found}
    if not missing:
        return found
    # Values that are there already, given by an import or before the field was numbered, count.
    for key, around in sorted(missing.items()):
        last = await greatest(connection, entity, numbered, around)
        await connection.execute(BEGIN, entity.number, numbered.field_id, key, last)
    return found | await take(
        connection, entity, numbered, {around: wanted[around] for around in missing.values()}, sql
    )


async def peek(
    connection: Connection | Database, entity: EntityModel, numbered: NumberedField, wanted: Wanted
) -> Firsts:
    """The numbers that would be taken now."""
    keys = {key_of(around): around for around in wanted}
    rows = await connection.fetch(PEEK, entity.number, numbered.field_id, list(keys))
    found: Firsts = {keys[row["key"]]: row["first"] for row in rows}
    for around in wanted:
        if around not in found:
            found[around] = await greatest(connection, entity, numbered, around) + 1
    return found


async def catch_up(
    connection: Connection | Database, entity: EntityModel, numbered: NumberedField, around: Around
) -> bool:
    """Raise a counter to the greatest number that is there. Returns whether it was behind."""
    last = await greatest(connection, entity, numbered, around)
    return await connection.fetchval(RAISE, entity.number, numbered.field_id, key_of(around), last) is not None


async def greatest(
    connection: Connection | Database, entity: EntityModel, numbered: NumberedField, around: Around
) -> int:
    """The greatest number with these texts around it that a record has, also in the trash; 0 without any."""
    column = f"_r.{quote(numbered.field.name)}"
    digits = f"substr({column}, length($1) + 1, length({column}) - length($1) - length($2))"
    sql = (
        f"SELECT coalesce(max(({digits})::bigint), 0) FROM {entity.table} _r WHERE starts_with({column}, $1::text) "
        f"AND right({column}, length($2::text)) = $2 AND length({column}) > length($1) + length($2) "
        f"AND CASE WHEN length({column}) > length($1) + length($2) THEN {digits} ~ '^[0-9]{{1,18}}$' END"
    )
    number: int = await connection.fetchval(sql, *around)
    return number


def key_of(around: Around) -> str:
    """The key of a counter."""
    return "{n}".join(around)
