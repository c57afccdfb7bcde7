"""Shapes as SQL: which rows, and what is shown of them. PostgreSQL makes the JSON.

Related records are sub-selects of the same statement, so a page and everything on it are of one
moment, and there is one statement whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from services.data.model import EntityModel, Link, Model, quote
from services.data.query.predicates import TEXT_TYPES, Test
from services.data.query.shapes import Chosen, Condition, Include, Shown, Visible
from services.data.query.sources import Sources
from services.data.query.visibility import conjunction, tested_sql, visible_sql


class Compiler:
    """One statement in the making. Rows are named _1, _2, … as no field's name begins with _."""

    def __init__(self, model: Model, sources: Sources) -> None:
        self._model = model
        self.sources = sources
        self._rows = 0

    def row(self) -> str:
        """A new name for a row."""
        self._rows += 1
        return f"_{self._rows}"

    def chosen(self, entity: EntityModel, row: str, chosen: Chosen) -> str:
        """The condition that `row` is one of the chosen."""
        clauses = [*self._seen(entity, row, chosen.visible), self._living(entity, row, chosen)]
        clauses += [self._condition(entity, row, condition) for condition in chosen.conditions]
        if chosen.search:
            clauses.append(self._found(entity, row, chosen.search))
        return conjunction(clauses)

    def shown(self, entity: EntityModel, row: str, shown: Shown) -> str:
        """What is shown of `row`, as the columns of a SELECT that becomes a JSON object."""
        names = shown.fields if shown.fields is not None else tuple(entity.fields)
        included = {include.name for include in shown.includes}
        columns = [f"{row}.{quote(name)}" for name in names if name not in included]
        columns += [f"{self._related(entity, row, i)} AS {quote(i.name)}" for i in shown.includes]
        return ", ".join(columns)

    def needed(self, entity: EntityModel, shown: Shown) -> list[str]:
        """The columns that `shown` reads of a row."""
        names = shown.fields if shown.fields is not None else tuple(entity.fields)
        links = [self._link(entity, include.name) for include in shown.includes]
        return list(dict.fromkeys([*names, *(link.own for link in links)]))

    def _seen(self, entity: EntityModel, row: str, visible: Visible) -> Iterator[str]:
        """What a caller's permissions demand of a row of any entity."""
        yield visible_sql(entity, row, visible)
        if still := self.sources.still(entity, row, visible):
            yield still

    def _living(self, entity: EntityModel, row: str, chosen: Chosen) -> str:
        alive = entity.alive(row)
        if not chosen.deleted:
            return alive
        removable = visible_sql(entity, row, chosen.removable)
        if chosen.deleted == "only":
            return f"(NOT ({alive}) AND {removable})"
        return f"({alive} OR {removable})"

    def _condition(self, entity: EntityModel, row: str, condition: Condition) -> str:
        if isinstance(condition, Test):
            return tested_sql(entity, row, condition)
        link = self._link(entity, condition.link)
        beyond, other = self._model.entity(link.entity), self.row()
        clauses = [*self._beyond(link, row, other, beyond, condition.visible)]
        clauses.append(self._condition(beyond, other, condition.condition))
        return f"EXISTS (SELECT FROM {self._from(link, beyond, other)} WHERE {conjunction(clauses)})"

    def _found(self, entity: EntityModel, row: str, slot: int) -> str:
        columns = [f"{row}.{quote(f.name)}" for f in entity.fields.values() if f.type in TEXT_TYPES]
        clauses = [f"{column} ILIKE ${slot}::text" for column in columns] or [f"${slot}::text IS NULL"]
        return f"({' OR '.join(clauses)})"

    def _related(self, entity: EntityModel, row: str, include: Include) -> str:
        """The records behind a link as JSON: a list by key, or the only one or null."""
        link = self._link(entity, include.name)
        beyond, other = self._model.entity(link.entity), self.row()
        select = (
            f"SELECT {self.shown(beyond, other, Shown(None, include.includes))} "
            f"FROM {self._from(link, beyond, other)} "
            f"WHERE {conjunction(self._beyond(link, row, other, beyond, include.visible))} "
            f"ORDER BY {', '.join(beyond.key.columns(other))}"
        )
        if link.many:
            return f"(SELECT coalesce(json_agg(_x), '[]'::json) FROM ({select}) _x)"
        return f"(SELECT row_to_json(_x) FROM ({select} LIMIT 1) _x)"

    def _from(self, link: Link, beyond: EntityModel, other: str) -> str:
        rows = f"{self.sources.entity(beyond)} {other}"
        if not link.relation.joined:
            return rows
        pair = f"{other}_pair"
        return (
            f"{self.sources.join(link.relation)} {pair} "
            f"JOIN {rows} ON {other}.{quote(link.other)} = {pair}.{quote(link.other_join)}"
        )

    def _beyond(self, link: Link, row: str, other: str, beyond: EntityModel, visible: Visible) -> list[str]:
        """The conditions that `other` lies behind the link, lives, and may be seen."""
        own = f"{row}.{quote(link.own)}"
        there = f"{other}_pair.{quote(link.own_join)}" if link.relation.joined else f"{other}.{quote(link.other)}"
        return [f"{there} = {own}", beyond.alive(other), *self._seen(beyond, other, visible)]

    def _link(self, entity: EntityModel, name: str) -> Link:
        link = entity.link(name)
        assert link is not None, "shapes name links that are there"
        return link
