"""Walks over an expression: looks up each name, and checks each operator and call against its types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeGuard

from libs.shared.expressions.checking import functions, operators
from libs.shared.expressions.checking.types import (
    ANY,
    BOOLEAN,
    NUMBER,
    Environment,
    ListOf,
    Object,
    Simple,
    Type,
    common,
    kind_of,
)
from libs.shared.expressions.checking.uses import Use
from libs.shared.expressions.errors import Position
from libs.shared.expressions.functions import FUNCTIONS
from libs.shared.expressions.scope import ROW
from libs.shared.expressions.syntax import tree
from libs.shared.expressions.syntax.tree import Node
from libs.shared.expressions.values.access import LENGTH
from libs.shared.expressions.values.kinds import Kind, kind
from libs.shared.nearest import MAX_SHOWN_CHARACTERS, nearest

MAX_ERRORS = 20
"""Errors reported of one expression."""

Positions = Sequence[Position]


class CheckError(NamedTuple):
    """A certain error, with its position."""

    position: Position
    message: str

    def __str__(self) -> str:
        return f"{self.message} (line {self.position.line}, column {self.position.column})"


class CheckResult(NamedTuple):
    """The type of the result, the errors, and the words that name fields of entities."""

    type: Type
    errors: list[CheckError]
    uses: list[Use]


def check(root: Node, environment: Environment) -> CheckResult:
    """Check a whole expression."""
    checker = _Checker()
    found = checker.type_of(root, _Scope(environment))
    return CheckResult(found, checker.errors, checker.uses)


def check_path(names: Sequence[str], positions: Positions, environment: Environment) -> CheckResult:
    """Check a path that is no expression: in a template, or by itself."""
    return check(tree.Path(tuple(names), tuple(positions), position=positions[0]), environment)


class _Scope(NamedTuple):
    """The meaning of names: first those of the row, if there is one, then the environment's. A row may be unknown."""

    environment: Environment
    row: Type | None = None

    def find(self, name: str) -> tuple[Type | None, str]:
        """The type of a name, None for no such name; and the entity whose field it is."""
        if self.row is not None:
            if name == ROW:
                return self.row, ""
            if isinstance(self.row, Object) and name in self.row.members:
                return self.row.members[name], self.row.entity
        if name in self.environment:
            return self.environment[name], ""
        return (ANY, "") if self.row is not None and kind_of(self.row) is None else (None, "")

    def names(self) -> list[str]:
        """All that can be named."""
        return [*(self.row.members if isinstance(self.row, Object) else ()), *self.environment]


class _Checker:
    def __init__(self) -> None:
        self.errors: list[CheckError] = []
        self.uses: list[Use] = []

    def type_of(self, node: Node, scope: _Scope) -> Type:  # noqa: C901 - a table: one line a node
        """The type of a node's value; errors and uses on the way are recorded."""
        match node:
            case tree.Constant(value):
                return Simple(kind(value), frozenset([value]) if isinstance(value, str) else None)
            case tree.Path():
                return self._path(node, scope)
            case tree.Member(target, name):
                return self._member(self.type_of(target, scope), name, "this", node.position)
            case tree.Index(target, index):
                return self._element(node, self.type_of(target, scope), self.type_of(index, scope), index)
            case tree.Items(elements):
                return _list_of([self.type_of(each, scope) for each in elements])
            case tree.Call():
                return self._call(node, scope)
            case tree.Negation(operand):
                self.type_of(operand, scope)
                return BOOLEAN
            case tree.Negative(operand):
                return self._negative(node, self.type_of(operand, scope))
            case tree.Arithmetic(operator, left, right):
                found, problem = operators.arithmetic(operator, self.type_of(left, scope), self.type_of(right, scope))
                self._note(node.position, problem)
                return found
            case tree.Comparison():
                return self._comparison(node, scope)
            case tree.Logic(_, operands):
                for each in operands:
                    self.type_of(each, scope)
                return BOOLEAN
            case tree.Choice(test, then, otherwise):
                self.type_of(test, scope)
                return common(self.type_of(then, scope), self.type_of(otherwise, scope))

    def _note(self, position: Position, problem: str | None) -> None:
        if problem and len(self.errors) < MAX_ERRORS:
            self.errors.append(CheckError(position, problem))

    def _instead(self, name: str, known: Iterable[str]) -> str:
        """The nearest known name; not searched once enough errors are recorded."""
        meant = nearest(name, known) if len(self.errors) < MAX_ERRORS else None
        return f"; do you mean `{meant}`?" if meant else ""

    def _path(self, node: tree.Path, scope: _Scope) -> Type:
        root, *rest = node.names
        positions = node.positions or (node.position,) * len(node.names)
        found, entity = scope.find(root)
        if found is None:
            self._note(
                node.position, f"there is no `{root[:MAX_SHOWN_CHARACTERS]}` here{self._instead(root, scope.names())}"
            )
            return ANY
        if entity:
            self.uses.append(Use(positions[0], entity, root))
        for number, name in enumerate(rest, 1):
            found = self._member(found, name, ".".join(node.names[:number]), positions[number])
        return found

    def _member(self, target: Type, name: str, words: str, position: Position) -> Type:
        match target:
            case Object(members, entity):
                if name not in members:
                    self._note(
                        position, f"{words} has no `{name[:MAX_SHOWN_CHARACTERS]}`{self._instead(name, members)}"
                    )
                    return ANY
                if entity:
                    self.uses.append(Use(position, entity, name))
                return members[name]
            case ListOf() | Simple(Kind.STRING) if name == LENGTH:
                return NUMBER
            case ListOf(element) if name.isdigit():  # in paths of templates
                return element
            case ListOf():
                self._note(position, f"{words} is a list: write sum({words}, {name}), any({words}, {name}) or the like")
            case Simple(found) if found is not Kind.NIL:
                self._note(position, f"{words} is {found.value}, it has no `{name[:MAX_SHOWN_CHARACTERS]}`")
        return ANY

    def _element(self, node: tree.Index, target: Type, index: Type, key: Node) -> Type:
        if isinstance(key, tree.Constant) and isinstance(key.value, str):
            # Not rewritten by a rename where it is escaped; such a name would not be found again.
            found = self._member(target, key.value, "this", key.position)
            if self.uses and self.uses[-1].position == key.position:
                self.uses[-1] = self.uses[-1]._replace(quoted=True)
            return found
        if isinstance(target, ListOf):
            if kind_of(index) not in (None, Kind.NUMBER, Kind.NIL):
                self._note(node.position, "an element of a list is asked for by its number")
            return target.element
        if isinstance(target, Simple) and target.kind is not Kind.NIL:
            self._note(node.position, f"{target.kind.value} has no elements")
        return ANY

    def _negative(self, node: tree.Negative, operand: Type) -> Type:
        found = kind_of(operand)
        if found not in (None, Kind.NUMBER, Kind.DURATION, Kind.NIL):
            self._note(node.position, f"{found.value} has no sign")
        return operand

    def _comparison(self, node: tree.Comparison, scope: _Scope) -> Type:
        left = self.type_of(node.left, scope)
        parts = [self.type_of(each, scope) for each in node.right.elements] if _is_list(node.right) else None
        right = self.type_of(node.right, scope) if parts is None else _list_of(parts)
        if len(self.errors) >= MAX_ERRORS:
            return BOOLEAN
        match node.operator:
            case "==" | "!=":
                problem = operators.equality(left, right)
                if problem is None and not (_is_constant(node.left) and _is_constant(node.right)):
                    problem = _no_option(left, right) or _no_option(right, left)
            case "in" | "not in":
                problem = operators.membership(left, right) or self._named(node.left, right)
                problem = problem or next((words for each in parts or () if (words := _no_option(left, each))), None)
            case _:
                problem = operators.ordering(left, right)
        self._note(node.position, problem)
        for said, other in ((left, node.right), (right, node.left)):
            self._note_names(said, other)
        return BOOLEAN

    def _named(self, item: Node, container: Type) -> str | None:
        """What is wrong with a literal that is compared with the names of members."""
        if not isinstance(container, Object) or not isinstance(item, tree.Constant) or not isinstance(item.value, str):
            return None
        if item.value not in container.members:
            return f"there is no `{item.value[:MAX_SHOWN_CHARACTERS]}`{self._instead(item.value, container.members)}"
        if container.entity:
            self.uses.append(Use(item.position, container.entity, item.value, quoted=True))
        return None

    def _note_names(self, said: Type, other: Node) -> None:
        """Literals that name an entity."""
        if isinstance(said, Simple) and said.entity:
            parts = other.elements if isinstance(other, tree.Items) else (other,)
            for part in parts:
                if isinstance(part, tree.Constant) and part.value == said.entity:
                    self.uses.append(Use(part.position, said.entity, "", quoted=True))

    def _call(self, node: tree.Call, scope: _Scope) -> Type:
        function = FUNCTIONS[node.name]
        if function.takes_rows:
            return self._aggregate(node, scope)
        types = [self.type_of(each, scope) for each in node.arguments]
        if node.name == "coalesce":
            return common(*types)
        if node.name == "contains":
            problem = operators.membership(types[1], types[0]) or self._named(node.arguments[1], types[0])
            self._note(node.position, problem)
            return BOOLEAN
        self._note(node.position, functions.unfit(node.name, types))
        return functions.SIGNATURES[node.name].gives

    def _aggregate(self, node: tree.Call, scope: _Scope) -> Type:
        source, *rest = node.arguments
        first = self.type_of(source, scope)
        over_list = isinstance(first, ListOf) or kind_of(first) in (None, Kind.NIL)
        if len(rest) > 1 or (rest and FUNCTIONS[node.name].most is None and not over_list):
            return common(first, *[self.type_of(each, scope) for each in rest])
        if not over_list:
            known = kind_of(first)
            self._note(node.position, f"{node.name} works on lists, not on {known.value if known else 'this'}")
            return ANY
        value = first.element if isinstance(first, ListOf) else ANY
        if rest:
            value = self.type_of(rest[0], _Scope(scope.environment, value))
        return self._aggregated(node, value)

    def _aggregated(self, node: tree.Call, value: Type) -> Type:
        match node.name:
            case "any" | "all":
                return BOOLEAN
            case "min" | "max":
                return value
        found = kind_of(value)
        if node.name in functions.ADDING and found not in (None, Kind.NUMBER, Kind.NIL):
            hint = f": write {node.name}(list, field)" if found is Kind.OBJECT else ""
            self._note(node.position, f"{node.name} adds numbers, not {found.value}{hint}")
        return NUMBER


def _is_list(node: Node) -> TypeGuard[tree.Items]:
    return isinstance(node, tree.Items)


def _list_of(elements: Sequence[Type]) -> ListOf:
    return ListOf(common(*elements))


def _is_constant(node: Node) -> bool:
    return isinstance(node, tree.Constant)


def _no_option(said: Type, other: Type) -> str | None:
    """Why two strings of which all possible ones are known can never be equal."""
    if not (isinstance(said, Simple) and isinstance(other, Simple)) or said.options is None or other.options is None:
        return None
    if said.options & other.options or len(other.options) != 1:
        return None
    [value] = other.options
    meant = nearest(value, said.options)
    known = ", ".join(sorted(said.options)[:10])
    return f"'{value[:MAX_SHOWN_CHARACTERS]}' is none of {known}" + (f"; do you mean '{meant}'?" if meant else "")
