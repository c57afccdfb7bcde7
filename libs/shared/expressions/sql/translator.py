"""Translates each node of the tree to a term."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from libs.shared.expressions.compiling.compiler import compiled
from libs.shared.expressions.errors import EvaluationError
from libs.shared.expressions.limits import Meter
from libs.shared.expressions.sql import comparing, computing, functions
from libs.shared.expressions.sql.columns import Column
from libs.shared.expressions.sql.constants import Constants
from libs.shared.expressions.sql.terms import NIL, NotTranslatable, Term, alike, boolean, one_of, truth
from libs.shared.expressions.syntax import tree
from libs.shared.expressions.syntax.tree import Node
from libs.shared.expressions.values.access import LENGTH
from libs.shared.expressions.values.kinds import Kind

MAX_SQL_CHARACTERS = 50_000
"""Characters of a condition: operands used twice are written twice, so nesting grows exponentially."""

Rows = Mapping[str, Mapping[str, Column]]
"""The names that stand for a row (`record`, `old`), with the columns of each by field name."""


class Placeholders(Protocol):
    """Where a statement's values go."""

    def add(self, value: Any, column_type: str) -> str:
        """The placeholder of a value, with its type."""


def translate(root: Node, rows: Rows, environment: Mapping[str, Any], parameters: Placeholders) -> str:
    """The condition that the expression of this tree is true, for a row and everything else in `environment`.

    Never null and never an error, for any row. Raises NotTranslatable.
    """
    translator = _Translator(root, rows, environment)
    condition = truth(translator.term(root))
    return translator.constants.fill(condition, parameters.add)


class _Translator:
    def __init__(self, root: Node, rows: Rows, environment: Mapping[str, Any]) -> None:
        self.constants = Constants()
        self._rows = rows
        self._environment = environment
        self._folding = Meter()
        self._running = Meter()
        self._reading: set[int] = set()
        self._note_reading(root)

    def term(self, node: Node) -> Term:
        """The node's term."""
        found = self._term(node) if id(node) in self._reading else self.constants.term(self._value(node))
        if len(found.sql) + len(found.moment or "") > MAX_SQL_CHARACTERS:
            raise NotTranslatable
        return found

    def _note_reading(self, node: Node) -> bool:
        """Note which nodes depend on the row; all others have one value."""
        reads = [self._note_reading(child) for child in tree.children(node)]
        if any(reads) or (isinstance(node, tree.Path) and node.names[0] in self._rows):
            self._reading.add(id(node))
            return True
        return False

    def _value(self, node: Node) -> Any:
        try:
            return compiled(node, self._folding)(self._environment, self._running)
        except EvaluationError:
            raise NotTranslatable from None

    def _term(self, node: Node) -> Term:  # noqa: C901 - a table: one line a node
        match node:
            case tree.Path(names):
                return self._path(names)
            case tree.Index(tree.Path(names), tree.Constant(str(name))):
                return self._path((*names, name))
            case tree.Negation(operand):
                return boolean(f"(NOT {truth(self.term(operand))})")
            case tree.Negative(operand):
                return computing.negative(self.term(operand))
            case tree.Arithmetic(symbol, left, right):
                return computing.arithmetic(symbol, self.term(left), self.term(right), self.constants)
            case tree.Comparison("in", item, container):
                return boolean(self._membership(item, container))
            case tree.Comparison("not in", item, container):
                return boolean(f"(NOT {self._membership(item, container)})")
            case tree.Comparison(symbol, left, right):
                return comparing.comparison(symbol, self.term(left), self.term(right))
            case tree.Logic(symbol, operands):
                word = " AND " if symbol == "&&" else " OR "
                return boolean("(" + word.join(truth(self.term(operand)) for operand in operands) + ")")
            case tree.Choice():
                return self._choice(node)
            case tree.Call(name, arguments):
                return functions.call(name, [self.term(argument) for argument in arguments], self.constants)
        raise NotTranslatable

    def _path(self, names: tuple[str, ...]) -> Term:
        columns = self._rows[names[0]]
        if len(names) == 1:
            return Term(Kind.OBJECT, nullable=False)
        column = columns.get(names[1])
        found = NIL if column is None else column.term()
        if len(names) == 2 or found is NIL:
            return found
        if found.kind is Kind.OTHER:
            raise NotTranslatable
        if names[2:] == (LENGTH,) and found.kind is Kind.STRING:
            return one_of(f"char_length({found.sql})::numeric", [functions.length(found)], nullable=True)
        return NIL

    def _membership(self, item: Node, container: Node) -> str:
        wanted = self.term(item)
        if isinstance(container, tree.Items):
            return comparing.among(wanted, [self.term(element) for element in container.elements])
        where = self.term(container)
        if where.kind is Kind.LIST:
            return comparing.among(wanted, [self.constants.term(element) for element in where.value])
        return comparing.within(where, wanted)

    def _choice(self, node: tree.Choice) -> Term:
        test = truth(self.term(node.test))
        then, otherwise = alike([self.term(node.then), self.term(node.otherwise)])
        sql = f"CASE WHEN {test} THEN {then.sql} ELSE {otherwise.sql} END"
        return one_of(f"({sql})", [then, otherwise], then.nullable or otherwise.nullable)
