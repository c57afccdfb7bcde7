"""SQL's LIKE in Python, in time linear in the text: % matches any text, _ any character.

A backslash escapes the next character. The result equals PostgreSQL's for every pattern that `check_pattern` accepts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

ANY = None
"""What `_` is among the characters of a segment."""
MAX_MISSES = 64
"""Places at which a segment with wildcards is tried before its text is scanned bit by bit."""

Characters = list[str | None]


class Run(NamedTuple):
    """Characters without a wildcard among them, and where they stand in their segment."""

    offset: int
    text: str


class Segment:
    """The part between two `%`: a text of fixed length with wildcards for single characters."""

    __slots__ = ("_characters", "_longest", "_runs", "length")

    def __init__(self, characters: Characters) -> None:
        self._characters = characters
        self._runs = tuple(_runs(characters))
        self._longest = max(self._runs, key=lambda run: len(run.text), default=None)
        self.length = len(characters)

    def fits(self, text: str, at: int) -> bool:
        """Whether the segment stands in `text` at `at`, where there is room for it."""
        return all(text.startswith(run.text, at + run.offset) for run in self._runs)

    def find(self, text: str, start: int, end: int) -> int:
        """The first place of the segment within `text[start:end]`; -1 for none."""
        if start + self.length > end:
            return -1
        if self._longest is None:
            return start
        head, tail = self._longest.offset, self.length - self._longest.offset - len(self._longest.text)
        at, misses = start - 1, 0
        while misses < MAX_MISSES:
            at = text.find(self._longest.text, at + 1 + head, end - tail) - head
            if at < start:
                return -1
            if self.fits(text, at):
                return at
            misses += 1
        return self._scan(text, at + 1, end)

    def _scan(self, text: str, start: int, end: int) -> int:
        """The same by the Shift-And algorithm: a bit for each beginning of the segment that has been met so far."""
        wild = sum(1 << place for place, character in enumerate(self._characters) if character is ANY)
        masks: dict[str, int] = {}
        for place, character in enumerate(self._characters):
            if character is not ANY:
                masks[character] = masks.get(character, wild) | 1 << place
        met, whole = 0, 1 << (self.length - 1)
        for place in range(start, end):
            met = (met << 1 | 1) & masks.get(text[place], wild)
            if met & whole:
                return place + 1 - self.length
        return -1


class Like:
    """A compiled LIKE pattern."""

    __slots__ = ("_first", "_last", "_least", "_middle")

    def __init__(self, pattern: str) -> None:
        segments = [Segment(characters) for characters in _split(pattern)]
        self._least = sum(segment.length for segment in segments)
        self._first = segments[0]
        self._last = segments[-1] if len(segments) > 1 else None
        self._middle = tuple(segment for segment in segments[1:-1] if segment.length)

    def matches(self, text: str) -> bool:
        """Whether the whole of `text` is like the pattern."""
        if self._last is None:
            return len(text) == self._first.length and self._first.fits(text, 0)
        start, end = self._first.length, len(text) - self._last.length
        if len(text) < self._least or not self._first.fits(text, 0) or not self._last.fits(text, end):
            return False
        for segment in self._middle:
            at = segment.find(text, start, end)
            if at < 0:
                return False
            start = at + segment.length
        return True


def _split(pattern: str) -> list[Characters]:
    """The characters between the `%` of a pattern."""
    segments: list[Characters] = [[]]
    characters = iter(pattern)
    for character in characters:
        if character == "%":
            segments.append([])
        elif character == "_":
            segments[-1].append(ANY)
        else:
            segments[-1].append(next(characters, character) if character == "\\" else character)
    return segments


def _runs(characters: Characters) -> Iterator[Run]:
    start = 0
    for place, character in enumerate([*characters, ANY]):
        if character is ANY:
            if start < place:
                yield Run(start, "".join(filter(None, characters[start:place])))
            start = place + 1
