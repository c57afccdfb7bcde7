"""A Hypothesis strategy for trees whose operands mostly have the right kinds.

Trees of random kinds nearly always end in an error at once; these reach the depths of the language.
One operand in ten is still of a random kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, get_args

from hypothesis import strategies as st

from libs.shared.expressions.syntax.tree import (
    Arithmetic,
    Call,
    Choice,
    Comparison,
    ComparisonOperator,
    Constant,
    Index,
    Items,
    Logic,
    Negation,
    Negative,
    Node,
    Path,
)
from tests.unit.expressions.records import DAYS, FIELDS, WORDS

KINDS = ["number", "string", "boolean", "list", "date", "duration"]
PATTERNS = ["^a", "b$", "[0-9]+", "a.*b", "(x|y)?"]
ORDERS = get_args(ComparisonOperator)[2:6]

T = TypeVar("T")
Maker = Callable[[], Node]


class Grower:
    """Draws one tree; `depth` is how many levels it may still have, `in_row` where names are a row's."""

    def __init__(self, draw: st.DrawFn, depth: int, in_row: bool = False) -> None:
        self._draw = draw
        self._depth = depth
        self._in_row = in_row

    def grow(self, kind: str) -> Node:
        """A tree that, most of the time, results in `kind`."""
        if self._one_in_ten():
            kind = self._one(*KINDS)
        if self._depth > 0 and self._one_in_ten():
            return self._any_kind(kind)
        makers: dict[str, Callable[[], Node]] = {
            "number": self._number,
            "string": self._string,
            "boolean": self._boolean,
            "list": self._list,
            "date": self._date,
            "duration": self._duration,
        }
        return makers[kind]()

    def _one(self, *options: T) -> T:
        return self._draw(st.sampled_from(options))

    def _one_in_ten(self) -> bool:
        return self._draw(st.integers(0, 9)) == 9

    def _pick(self, leaf: Maker, *branches: Maker) -> Node:
        return self._one(*branches)() if self._depth > 0 else leaf()

    def _part(self, *kinds: str, in_row: bool = False) -> Node:
        return Grower(self._draw, self._depth - 1, in_row or self._in_row).grow(self._one(*kinds))

    def _field(self, *names: str) -> Node:
        root = "nowhere" if self._one_in_ten() else self._one("record", "record", "old")
        return Path((root, self._one(*names)))

    def _any_kind(self, kind: str) -> Node:
        options: list[Maker] = [
            lambda: Constant(None),
            lambda: Choice(self._part("boolean"), self._part(kind), self._part(kind)),
            lambda: Call("coalesce", (self._part(kind), self._part(kind))),
            lambda: Index(Items((self._part(kind), self._part(kind))), Constant(self._one(0, 1, 2))),
            lambda: Index(Path(("record",)), Constant(self._one(*FIELDS))),
            lambda: Call(self._one("min", "max"), (self._part(kind), self._part(kind))),
        ]
        return self._one(*options)()

    def _number(self) -> Node:
        aggregate = self._one("sum", "avg", "min", "max")
        row = [Path(("qty",)), Path(("it",)), Path(("n",))] if self._in_row else []
        return self._pick(
            lambda: self._one(self._field("n", "m"), Constant(self._draw(st.integers(0, 100))), *row),
            lambda: Constant(self._draw(st.decimals(0, 100, places=1))),
            lambda: Arithmetic(self._one("+", "-", "*", "/", "%"), self._part("number"), self._part("number")),
            lambda: Negative(self._part("number")),
            lambda: Call(self._one("abs", "round"), (self._part("number"),)),
            lambda: Call("round", (self._part("number"), Constant(self._one(0, 1, 2, 3)))),
            lambda: Call("len", (self._part("list", "string"),)),
            lambda: Call(aggregate, (self._field("numbers"),)),
            lambda: Call(aggregate, (self._field("rows", "numbers"), self._part("number", in_row=True))),
            lambda: Call("count", (self._field("rows", "list"), self._part("boolean", in_row=True))),
            lambda: Call(self._one("year", "month", "day"), (self._part("date"),)),
            lambda: Arithmetic("/", self._part("duration"), Call("days", (Constant(1),))),
        )

    def _string(self) -> Node:
        row = [Path(("name",)), Path(("it",))] if self._in_row else []
        return self._pick(
            lambda: self._one(self._field("s"), Constant(self._one(*WORDS)), *row),
            lambda: Arithmetic("+", self._part("string"), self._part("string", "number", "date")),
            lambda: Call(self._one("lower", "upper", "trim"), (self._part("string"),)),
            lambda: Call("substring", (self._part("string"), Constant(self._one(0, 1, 2)))),
            lambda: Call("substring", (self._part("string"), self._part("number"), Constant(2))),
            lambda: Call("replace", (self._part("string"), self._part("string"), self._part("string"))),
        )

    def _boolean(self) -> Node:
        kind = self._one(*KINDS)
        ordered = self._one("number", "number", "string", "date", "duration")
        return self._pick(
            lambda: self._one(self._field("b"), Constant(self._one(True, False))),
            lambda: Comparison(self._one("==", "!="), self._part(kind), self._part(kind)),
            lambda: Comparison(self._one("==", "!="), self._field("list", "rows"), self._part("list")),
            lambda: Comparison(self._one(*ORDERS), self._part(ordered), self._part(ordered)),
            lambda: Comparison(self._one("in", "not in"), self._part(kind), self._part("list")),
            lambda: Comparison("in", self._part("string"), self._part("string", "list")),
            lambda: Logic("&&", (self._part("boolean"), self._part(kind), self._part("boolean"))),
            lambda: Logic(self._one("&&", "||"), (self._part(kind), self._part("boolean"))),
            lambda: Negation(self._part(kind)),
            self._question,
        )

    def _question(self) -> Node:
        tests = self._one("contains", "starts_with", "ends_with")
        row = self._part("boolean", "number", in_row=True)
        options: list[Maker] = [
            lambda: Call(tests, (self._part("string"), self._part("string"))),
            lambda: Call("matches", (self._part("string"), Constant(self._one(*PATTERNS)))),
            lambda: Call(self._one("any", "all"), (self._part("list"),)),
            lambda: Call(self._one("any", "all"), (self._field("rows", "list"), row)),
        ]
        return self._one(*options)()

    def _list(self) -> Node:
        return self._pick(
            lambda: self._field("list", "numbers", "rows"),
            lambda: Items(tuple(Constant(self._one(*WORDS)) for _ in range(self._one(1, 2, 3)))),
            lambda: Items(tuple(self._part(*KINDS) for _ in range(self._one(0, 1, 2)))),
        )

    def _date(self) -> Node:
        return self._pick(
            lambda: self._one(self._field("d"), Path(("now",)), Call("now", ())),
            lambda: Call("date", (Constant(self._one(*DAYS)),)),
            lambda: Call("date", (self._part("date"),)),
            lambda: Arithmetic(self._one("+", "-"), self._part("date"), self._part("duration")),
        )

    def _duration(self) -> Node:
        return self._pick(
            lambda: self._field("t"),
            lambda: Call(self._one("days", "hours", "minutes"), (self._part("number"),)),
            lambda: Arithmetic("-", self._part("date"), self._part("date")),
            lambda: Arithmetic(self._one("+", "-"), self._part("duration"), self._part("duration")),
            lambda: Negative(self._part("duration")),
        )


@st.composite
def sensible_trees(draw: st.DrawFn) -> Node:
    """A tree of any kind, up to five levels deep."""
    return Grower(draw, draw(st.integers(1, 4))).grow(draw(st.sampled_from(KINDS)))
