"""Compiles conditions to SQL for any row, with placeholders for the values of a request.

Texts are compiled once per profile; `render` fills in the row's name and the numbers of the values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from libs.shared.expressions import Expression
from libs.shared.expressions.sql import Column, NotTranslatable, translate
from libs.shared.expressions.syntax import tree
from libs.shared.expressions.syntax.rewriting import rewritten
from libs.shared.permissions.comparisons import comparison_sql
from libs.shared.permissions.conditions import All, Condition, Either, FieldTest, Holds, Own
from libs.shared.schema.fields import FieldDefinition

ROW = "\x01"
PLACEHOLDER = re.compile("\x02([0-9]+)\x02")
SEEN = "_seen"
"""The row that stands for the caller in translated expressions."""
TRUE, FALSE = "true", "false"

Fields = Mapping[str, FieldDefinition]


def quote(name: str) -> str:
    """A quoted column name."""
    return '"' + name.replace('"', '""') + '"'


def column(name: str) -> str:
    """A field of the row."""
    return f"{ROW}.{quote(name)}"


def render(text: str, row: str, base: int) -> str:
    """The SQL about `row`; its values are numbered behind the statement's first `base` ones."""
    return PLACEHOLDER.sub(lambda found: f"${base + int(found[1])}", text.replace(ROW, row))


class Values:
    """The values of a profile's SQL, each once, with its type; numbered from 1."""

    def __init__(self) -> None:
        self.all: list[tuple[Any, str]] = []
        self._known: dict[tuple[str, str], int] = {}

    def add(self, value: Any, kind: str) -> str:
        """Adds a value; returns its placeholder with its type."""
        known = (repr(value), kind)
        if known not in self._known:
            self.all.append((value, kind))
            self._known[known] = len(self.all)
        return f"\x02{self._known[known]}\x02::{kind}"


def sql_of(condition: Condition, fields: Fields, roles: Sequence[str], values: Values) -> str:
    """The condition as SQL. Raises NotTranslatable for expressions without an SQL form."""
    match condition:
        case FieldTest():
            return _test(condition, fields[condition.field], values)
        case Holds(expression):
            return _expression(expression, fields, roles, values)
        case All(parts):
            return all_sql([sql_of(part, fields, roles, values) for part in parts])
        case Either(parts):
            return _joined(" OR ", [sql_of(part, fields, roles, values) for part in parts]) or FALSE


def all_sql(texts: Sequence[str]) -> str:
    """The conjunction of these."""
    return _joined(" AND ", texts) or TRUE


def translatable(expression: Expression, fields: Fields) -> bool:
    """Whether an expression about records with these fields has an SQL form."""
    try:
        # With any roles: their names do not matter, only that they are texts.
        _expression(expression, fields, ["role"], Values())
    except NotTranslatable:
        return False
    return True


def _joined(word: str, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({word.join(parts)})" if parts else ""


def _test(test: FieldTest, field: FieldDefinition, values: Values) -> str:
    kind = field.column_type.partition("(")[0]
    placeholder = ""
    if test.operator in ("in", "not_in"):
        listed = test.value if isinstance(test.value, Own) else tuple(test.value)
        placeholder = values.add(listed, f"{kind}[]")
    elif test.operator not in ("is_null", "is_not_null"):
        placeholder = values.add(test.value, kind)
    sql = comparison_sql(column(test.field), kind, test.operator, placeholder)
    if isinstance(test.value, Own) and test.operator == "neq":
        return f"({sql} AND {placeholder} IS NOT NULL)"  # without a value of their own nothing is granted
    return sql


def _expression(expression: Expression, fields: Fields, roles: Sequence[str], values: Values) -> str:
    columns = {name: Column(column(name), field.type, field.precision) for name, field in fields.items()}
    brought = {"now": Column("now()", "instant")}
    for own in (Own.ID, Own.EMAIL):
        if f"user.{own.value}" in expression.paths:
            brought[own.value] = Column(values.add(own, "text"), "string")
    known = rewritten(expression.tree, lambda node: _brought(node, roles))
    return f"({translate(known, {'record': columns, SEEN: brought}, {}, values)})"


def _brought(node: tree.Node, roles: Sequence[str]) -> tree.Node | None:
    """Reads of the caller and the time as reads of a row: they differ between requests, the SQL must not."""
    match node:
        case tree.Path(("user", "roles")):
            return tree.Items(tuple(tree.Constant(role) for role in roles))
        case tree.Path(("user", ("id" | "email") as name)):
            return tree.Path((SEEN, name))
        case tree.Path(("now",)) | tree.Call("now", ()):
            return tree.Path((SEEN, "now"))
        case tree.Path(("user" | "now", *_)):
            raise NotTranslatable
    return None
