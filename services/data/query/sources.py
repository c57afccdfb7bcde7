"""The sources of rows: the tables as they are, or the log as it was at a position."""

from __future__ import annotations

from typing import Protocol

from libs.shared.schema import Relation
from services.data.model import EntityModel, Model, quote
from services.data.query.past import Past
from services.data.query.visibility import About


class Sources(Protocol):
    """The sources of queries: their FROM clauses."""

    def root(self, entity: EntityModel) -> str:
        """The rows that are asked for themselves, with all columns, deleted_at and _version."""

    def entity(self, entity: EntityModel) -> str:
        """The rows of an entity, in the same form."""

    def join(self, relation: Relation) -> str:
        """The pairs of a many_to_many."""

    def both(self, entity: EntityModel, row: str, condition: About) -> str:
        """A condition of permissions about `row`, and about the record as it is now where `row` is not that."""

    def statement(self, select: str, *named: str) -> str:
        """The whole statement around `select`, with what it names."""


class Tables:
    """The tables themselves."""

    def root(self, entity: EntityModel) -> str:
        return entity.table

    def entity(self, entity: EntityModel) -> str:
        return entity.table

    def join(self, relation: Relation) -> str:
        return f"records.{quote(relation.join_table)}"

    def both(self, entity: EntityModel, row: str, condition: About) -> str:
        return condition(row)

    def statement(self, select: str, *named: str) -> str:
        return f"WITH {', '.join(named)} {select}" if named else select


def sources_of(model: Model, as_of: int, records: int = 0) -> Sources:
    """The sources of now (0), or of the position in the log whose slot this is."""
    return Past(model, as_of, records) if as_of else Tables()
