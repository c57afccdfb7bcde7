"""Limits of expressions: of text and tree when they are saved, of steps when they run.

A step is roughly a microsecond of work. Every operation whose cost grows with its values pays for
it, so a hostile expression over hostile records ends within a second or two.
"""

from __future__ import annotations

from libs.shared.expressions.errors import EvaluationError

MAX_TEXT_CHARACTERS = 10_000
"""Characters of an expression."""
MAX_DEPTH = 64
"""Levels of the tree, and of brackets in the text."""
MAX_NODES = 2_000
"""Parts of the tree; each name of a path counts."""
MAX_STRING_CHARACTERS = 1_000_000
"""Characters of a string made by an operator or a function."""
MAX_STEPS = 100_000
"""Steps of one evaluation: one per list element visited, and those of the next two limits."""
NODES_PER_STEP = 8
"""Parts of a row's expression that one step pays for."""
CHARACTERS_PER_STEP = 1_024
"""Characters of a string, read or made, that one step pays for."""


class Meter:
    """The steps left in one evaluation."""

    __slots__ = ("left",)

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Pay `steps`; EvaluationError when there are not enough left."""
        self.left -= steps
        if self.left < 0:
            raise EvaluationError("the expression takes too many steps")

    def read(self, text: str) -> str:
        """`text`, with the steps paid for looking at all of it."""
        self.spend(len(text) // CHARACTERS_PER_STEP)
        return text

    def make(self, length: int) -> None:
        """Pay for a new string of `length` characters; EvaluationError when it would be too long."""
        if length > MAX_STRING_CHARACTERS:
            raise EvaluationError("the expression makes a string that is too long")
        self.spend(length // CHARACTERS_PER_STEP)
