"""An expression ready to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from libs.shared.expressions.compiling.code import Run
from libs.shared.expressions.compiling.compiler import compiled
from libs.shared.expressions.limits import Meter
from libs.shared.expressions.syntax.parsing import parse
from libs.shared.expressions.syntax.reading import paths
from libs.shared.expressions.syntax.tree import Node
from libs.shared.expressions.values.kinds import truthy


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; it holds no state, so it may be kept and shared between tasks.

    Calling it with an environment (record, old, user, action, related, now and so on, by name, of
    JSON's types, Decimal, date, datetime and timedelta) gives the result; EvaluationError where
    values don't fit or a limit is reached. Nothing in the environment is changed.
    """

    text: str
    tree: Node = field(repr=False)
    paths: frozenset[str] = field(compare=False)
    """The dotted paths it may read from the environment, as `syntax.reading.paths` has them."""
    _run: Run = field(repr=False, compare=False)

    def __call__(self, environment: Mapping[str, Any]) -> Any:
        return self._run(environment, Meter())

    def test(self, environment: Mapping[str, Any]) -> bool:
        """Whether the result is truthy: not nil, false, 0, "" or an empty list."""
        return truthy(self._run(environment, Meter()))


def compile_expression(text: str) -> Expression:
    """Parse, check and compile `text`; ExpressionError with the position of the first error."""
    tree = parse(text)
    return Expression(text, tree, paths(tree), compiled(tree))
