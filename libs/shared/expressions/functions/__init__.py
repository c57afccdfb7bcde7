"""Every function of the language: its number of arguments and its implementation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from libs.shared.expressions.functions import amounts, dates, lists, texts
from libs.shared.expressions.functions.lists import Aggregate

UNBOUNDED = None


@dataclass(frozen=True, slots=True)
class Function:
    """A function: the number of its arguments, `least` to `most`.

    A `plain` function is called with the meter and the arguments' values; if it is `strict`, the
    answer is `on_nil` as soon as one of them is nil. An `aggregate` gets the elements of a list, or
    what its second argument makes of them; `bare` replaces it where only the list is given. For a
    function with neither, the compiler has code of its own.
    """

    least: int
    most: int | None
    plain: Callable[..., Any] | None = None
    aggregate: Aggregate | None = None
    bare: Aggregate | None = None
    strict: bool = True
    on_nil: Any = None
    boolean: bool = False

    @property
    def arity(self) -> str:
        """The numbers of arguments in words."""
        if self.most is UNBOUNDED:
            return f"{self.least} or more arguments"
        if self.least < self.most:
            return f"{self.least} to {self.most} arguments"
        return f"{self.least} argument{'' if self.least == 1 else 's'}"

    @property
    def takes_rows(self) -> bool:
        """Whether a second argument is evaluated for every row of the first."""
        return self.aggregate is not None


FUNCTIONS: dict[str, Function] = {
    "len": Function(1, 1, lists.length, on_nil=0),
    "contains": Function(2, 2, lists.holds, strict=False, boolean=True),
    "lower": Function(1, 1, texts.lower),
    "upper": Function(1, 1, texts.upper),
    "trim": Function(1, 1, texts.trim),
    "starts_with": Function(2, 2, texts.starts_with, on_nil=False, boolean=True),
    "ends_with": Function(2, 2, texts.ends_with, on_nil=False, boolean=True),
    "substring": Function(2, 3, texts.substring),
    "replace": Function(3, 3, texts.replace),
    "matches": Function(2, 2, boolean=True),
    "round": Function(1, 2, amounts.rounded),
    "abs": Function(1, 1, amounts.absolute),
    "min": Function(1, UNBOUNDED, aggregate=lists.smallest),
    "max": Function(1, UNBOUNDED, aggregate=lists.largest),
    "sum": Function(1, 2, aggregate=lists.total),
    "avg": Function(1, 2, aggregate=lists.average),
    "any": Function(1, 2, aggregate=lists.some, boolean=True),
    "all": Function(1, 2, aggregate=lists.every, boolean=True),
    "count": Function(1, 2, aggregate=lists.tally, bare=lists.size),
    "coalesce": Function(1, UNBOUNDED),
    "now": Function(0, 0),
    "date": Function(1, 1, dates.date),
    "days": Function(1, 1, dates.lasting(timedelta(days=1), "days")),
    "hours": Function(1, 1, dates.lasting(timedelta(hours=1), "hours")),
    "minutes": Function(1, 1, dates.lasting(timedelta(minutes=1), "minutes")),
    "year": Function(1, 1, dates.part("year")),
    "month": Function(1, 1, dates.part("month")),
    "day": Function(1, 1, dates.part("day")),
}
