"""Compiles shapes to SQL: which rows, and their output. PostgreSQL makes the JSON.

Related records are sub-selects of the same statement, so a page and everything on it are of one
moment, and there is one statement for any number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared.permissions.sql import FALSE, TRUE
from services.data.model import EntityModel, Link, Model, quote
from services.data.query.forms import Fork, Form, Tree, form_of, tree_of
from services.data.query.predicates import TEXT_TYPES, Test, column_sql, folded
from services.data.query.selections import Selection
from services.data.query.shapes import Condition, Criteria, Include, Output, View, Visible
from services.data.query.sources import Sources
from services.data.query.truncation import cut_names, truncated_sql
from services.data.query.visibility import (
    About,
    about,
    access_of,
    conjunction,
    field_sql,
    typed_sql,
    visible_names,
    visible_sql,
)


class Compiler:
    """Compiles one statement. Rows are named _1, _2, …: no field's name begins with _."""

    def __init__(self, model: Model, sources: Sources) -> None:
        self._model = model
        self.sources = sources
        self._rows = 0
        self._views: dict[View, None] = {}

    def row(self) -> str:
        """A new name for a row."""
        self._rows += 1
        return f"_{self._rows}"

    def statement(self, select: str, *named: str) -> str:
        """The whole statement around `select`, with its named queries."""
        typed = typed_sql(self._views, " ".join((select, *named)))
        return self.sources.statement(select, *named, *([typed] if typed else []))

    def matches(self, entity: EntityModel, row: str, criteria: Criteria) -> str:
        """The condition that `row` meets the criteria."""
        return conjunction(self.clauses(entity, row, criteria))

    def clauses(self, entity: EntityModel, row: str, criteria: Criteria) -> list[str]:
        """Its parts: the caller may see the row, it is live or deleted as wanted, each filter, and the search."""
        clauses = [self._seen(entity, row, criteria.visible), self._living(entity, row, criteria)]
        clauses += [self._condition(entity, row, condition, criteria.visible) for condition in criteria.conditions]
        if criteria.search:
            clauses.append(self._found(entity, row, criteria.search, criteria.visible))
        return clauses

    def value(self, entity: EntityModel, row: str, name: str, visible: Visible) -> str:
        """A field of `row` for filters, order and figures: null where the caller may not see it."""
        column = f"{row}.{quote(name)}"
        access = access_of(visible, name)
        if access is None or visible is None:
            return column
        return f"CASE WHEN {self._both(entity, row, visible, about(access.clear.text, visible))} THEN {column} END"

    def select(
        self,
        entity: EntityModel,
        row: str,
        output: Output,
        visible: Visible,
        flat: bool = False,
        own: Sequence[str] = (),
        path: str = "",
    ) -> Selection:
        """The output of `row`.

        If fields are left out of some records only, it is one value, the object itself; with `flat` such fields are
        null instead. `own` are all columns of a row that comes from a query. `path` are the includes that lead to the
        row, each followed by a dot.
        """
        included = {include.name for include in output.includes}
        names = [name for name in visible_names(visible, entity.fields, output.fields) if name not in included]
        related = [(i.name, self._related(entity, row, i, visible, path, output.truncate)) for i in output.includes]
        if visible is not None and not flat and any(not visible.profile.access[n].seen.is_certain for n in names):
            tree = None if related else tree_of(tuple(form_of(visible.profile.access[name]) for name in names))
            if tree is None:
                return Selection(value=self._object(entity, row, names, visible, related))
            beside: list[str] = []
            value = self._decided(entity, row, visible, tree, own, beside)
            return Selection(value=value, beside=tuple(beside))
        columns = [self._column(entity, row, name, visible) for name in names]
        return Selection(", ".join([*columns, *(f"{sql} AS {quote(name)}" for name, sql in related)]))

    def record(self, entity: EntityModel, value: str, output: Output, path: str = "") -> str:
        """The JSON of a selected row, its long values cut where the output says so.

        `path` are the includes that lead to it, each followed by a dot.
        """
        names = cut_names(entity, output) if output.truncate else ()
        if not names:
            return f"to_json({value})"
        return truncated_sql(f"to_json({value})", names, output.truncate, self._model.bounds.cut_value_mark(path))

    def needed(self, entity: EntityModel, output: Output, visible: Visible) -> list[str]:
        """The columns of a row that the output reads."""
        if visible is not None and not visible.profile.is_open:
            return list(entity.fields)  # any field may decide whether another is visible
        names = output.fields if output.fields is not None else tuple(entity.fields)
        links = [self._link(entity, include.name) for include in output.includes]
        return list(dict.fromkeys([*names, *(link.own for link in links)]))

    def beyond(self, entity: EntityModel, link: str) -> EntityModel:
        """The entity that a link of `entity` leads to."""
        return self._model.entity(self._link(entity, link).entity)

    def related_row(
        self, entity: EntityModel, row: str, other: str, link: str, visible: Visible, there: Visible
    ) -> str:
        """A join that adds the one related record as `other`: null where there is none that the caller may see."""
        way = self._link(entity, link)
        clauses = self._beyond(entity, way, row, other, visible, there)
        return f" LEFT JOIN {self._from(way, self.beyond(entity, link), other)} ON {conjunction(clauses)}"

    def _seen(self, entity: EntityModel, row: str, visible: Visible) -> str:
        """The condition that the caller may see a row."""
        if visible is None:
            return TRUE
        return self._both(entity, row, visible, about(visible.profile.rows.text, visible))

    def _both(self, entity: EntityModel, row: str, view: View, condition: About) -> str:
        """A condition about a row, and about the record as it is now."""
        self._views[view] = None
        return condition(row) if condition(row) in (TRUE, FALSE) else self.sources.both(entity, row, condition)

    def _column(self, entity: EntityModel, row: str, name: str, visible: Visible) -> str:
        access = access_of(visible, name)
        if access is None or visible is None:
            return f"{row}.{quote(name)}"
        return self._formed(entity, row, form_of(access), visible)

    def _formed(self, entity: EntityModel, row: str, form: Form, view: View) -> str:
        value = field_sql(row, form, view, lambda when: self._both(entity, row, view, when))
        column = f"{row}.{quote(form.field.name)}"
        return column if value == column else f"{value} AS {quote(form.field.name)}"

    def _decided(
        self, entity: EntityModel, row: str, view: View, tree: Tree, own: Sequence[str], beside: list[str]
    ) -> str:
        """A row in the form that its fields decide; each form is a row `beside` this one, or the row itself."""
        if isinstance(tree, Fork):
            when = self._both(entity, row, view, about(tree.demand, view))
            met, unmet = (self._decided(entity, row, view, each, own, beside) for each in (tree.met, tree.unmet))
            return f"CASE WHEN {when} THEN {met} ELSE {unmet} END"
        columns = [self._formed(entity, row, form, view) for form in tree]
        if columns == [f"{row}.{quote(name)}" for name in own]:
            return row
        form = self.row()
        beside.append(f"LATERAL (SELECT {', '.join(columns)}) {form}")
        return form

    def _object(
        self, entity: EntityModel, row: str, names: Sequence[str], visible: View, related: Sequence[tuple[str, str]]
    ) -> str:
        """The output where there are too many forms: hidden fields are SQL null, and so left out."""
        members = [f"'{name}': {self._member(entity, row, name, visible)}" for name in names]
        members += [f"'{name}': coalesce(to_json({sql}), 'null')" for name, sql in related]
        return f"JSON_OBJECT({', '.join(members)} ABSENT ON NULL RETURNING json)"

    def _member(self, entity: EntityModel, row: str, name: str, visible: View) -> str:
        access = visible.profile.access[name]
        value = field_sql(row, form_of(access), visible, lambda when: self._both(entity, row, visible, when), seen=True)
        if access.seen.is_certain:
            return f"coalesce(to_json({value}), 'null')"
        seen = self._both(entity, row, visible, about(access.seen.text, visible))
        return f"CASE WHEN {seen} THEN coalesce(to_json({value}), 'null') END"

    def _living(self, entity: EntityModel, row: str, criteria: Criteria) -> str:
        alive = entity.alive(row)
        if not criteria.deleted:
            return alive
        removable = visible_sql(row, criteria.removable)
        if criteria.removable is not None:
            self._views[criteria.removable] = None
        if criteria.deleted == "only":
            return f"(NOT ({alive}) AND {removable})"
        return f"({alive} OR {removable})"

    def _condition(self, entity: EntityModel, row: str, condition: Condition, visible: Visible) -> str:
        if isinstance(condition, Test):
            value = self.value(entity, row, condition.field, visible)
            slot = condition.slot
            return column_sql(value, entity.column_type(condition.field), condition.operator, lambda k: f"${slot}::{k}")
        link = self._link(entity, condition.link)
        beyond, other = self._model.entity(link.entity), self.row()
        clauses = self._beyond(entity, link, row, other, visible, condition.visible)
        clauses.append(self._condition(beyond, other, condition.condition, condition.visible))
        return f"EXISTS (SELECT FROM {self._from(link, beyond, other)} WHERE {conjunction(clauses)})"

    def _found(self, entity: EntityModel, row: str, slot: int, visible: Visible) -> str:
        askable = entity.fields if visible is None else visible.profile.askable
        texts = [self.value(entity, row, f.name, visible) for f in askable.values() if f.type in TEXT_TYPES]
        pattern = folded(f"${slot}::text")
        clauses = [f"{folded(text)} LIKE {pattern}" for text in texts] or [f"${slot}::text IS NULL"]
        return f"({' OR '.join(clauses)})"

    def _related(
        self, entity: EntityModel, row: str, include: Include, visible: Visible, path: str, truncate: int
    ) -> str:
        """The related records of a link as JSON: a list by key, or a single one or null."""
        link = self._link(entity, include.name)
        beyond, other = self._model.entity(link.entity), self.row()
        below = path + include.name
        output = Output(None, include.includes, truncate)
        select = self.select(beyond, other, output, include.visible, path=f"{below}.").rows(
            self._from(link, beyond, other),
            f"WHERE {conjunction(self._beyond(entity, link, row, other, visible, include.visible))} "
            f"ORDER BY {', '.join(beyond.key.columns(other))}",
        )
        record = self.record(beyond, "_x", output, f"{below}.")
        if link.many:
            return self._model.bounds.related(select, below, record)
        return f"(SELECT {record} FROM ({select} LIMIT 1) _x)"

    def _from(self, link: Link, beyond: EntityModel, other: str) -> str:
        rows = f"{self.sources.entity(beyond)} {other}"
        if not link.relation.joined:
            return rows
        pair = f"{other}_pair"
        return (
            f"{self.sources.join(link.relation)} {pair} "
            f"JOIN {rows} ON {other}.{quote(link.other)} = {pair}.{quote(link.other_join)}"
        )

    def _beyond(
        self, entity: EntityModel, link: Link, row: str, other: str, visible: Visible, there: Visible
    ) -> list[str]:
        """The conditions that `other` is related by the link, live and visible, as are the values that relate them."""
        beyond = self._model.entity(link.entity)
        own = f"{row}.{quote(link.own)}"
        far = f"{other}_pair.{quote(link.own_join)}" if link.relation.joined else f"{other}.{quote(link.other)}"
        known = [self._known(entity, row, link.own, visible), self._known(beyond, other, link.other, there)]
        return [f"{far} = {own}", beyond.alive(other), self._seen(beyond, other, there), *known]

    def _known(self, entity: EntityModel, row: str, name: str, visible: Visible) -> str:
        """The condition that the caller may see a field of `row` as it is."""
        access = access_of(visible, name)
        if access is None or visible is None:
            return TRUE
        return self._both(entity, row, visible, about(access.clear.text, visible))

    def _link(self, entity: EntityModel, name: str) -> Link:
        link = entity.link(name)
        assert link is not None, "shapes name links that are there"
        return link
