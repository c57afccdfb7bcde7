"""Where an expression names members of entities, and the text with other names there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from libs.shared.expressions.errors import Position


class Use(NamedTuple):
    """A word of the text that names the field `name` of `entity`, or, where `name` is "", the entity itself.

    `quoted` words stand as a string literal.
    """

    position: Position
    entity: str
    name: str
    quoted: bool = False

    @property
    def word(self) -> str:
        """The word in the text."""
        return self.name or self.entity


def rewritten(text: str, uses: Sequence[Use], renamed: Callable[[Use], str]) -> str:
    """The text with each use spelled as `renamed` says; all else stays as it is."""
    starts = _line_starts(text)
    for use in sorted(set(uses), key=lambda use: use.position, reverse=True):
        word = renamed(use)
        if word == use.word:
            continue
        at = starts[use.position.line - 1] + use.position.column - 1
        if use.quoted:
            quote = text[at]
            end = text.index(quote, at + 1) + 1
            text = f"{text[:at]}{quote}{word}{quote}{text[end:]}"
        else:
            text = f"{text[:at]}{word}{text[at + len(use.word) :]}"
    return text


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for offset, character in enumerate(text):
        if character == "\n":
            starts.append(offset + 1)
    return starts
