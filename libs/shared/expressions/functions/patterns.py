"""Regular expressions of users: google-re2, whose time grows only linearly with the text."""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol, cast

import re2

from libs.shared.expressions.limits import CHARACTERS_PER_STEP, Meter

MAX_PATTERN_CHARACTERS = 1_000
"""Characters of a pattern."""
MAX_PROGRAM_INSTRUCTIONS = 20_000
"""Instructions it may compile to: `\\pL{5}` is six thousand. At worst each costs per character."""
MAX_MEMORY_BYTES = 1 << 20
"""Bytes re2 may use for one pattern; it gets slower, not wrong, with less."""
INSTRUCTIONS_PER_STEP = 64
"""Instructions that one step pays for, per CHARACTERS_PER_STEP of text, or when compiled."""


class PatternError(Exception):
    """A pattern that is none, or is too large; the message says why."""


class Pattern(Protocol):
    """A compiled pattern."""

    @property
    def programsize(self) -> int: ...

    def search(self, text: str) -> object: ...


def compiled(pattern: str) -> Pattern:
    """The pattern ready to search; PatternError if it is not sound."""
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise PatternError(f"the pattern is longer than {MAX_PATTERN_CHARACTERS} characters")
    try:
        found = cast(Pattern, re2.compile(pattern, _options()))
    except re2.error as refusal:
        raise PatternError(f"invalid pattern, {_reason(refusal)}") from None
    except UnicodeEncodeError:
        raise PatternError("invalid pattern, half a character") from None
    if found.programsize > MAX_PROGRAM_INSTRUCTIONS:
        raise PatternError("the pattern is too complex")
    return found


def found_in(pattern: Pattern, text: str, meter: Meter) -> bool:
    """Whether `pattern` matches anywhere in `text`."""
    meter.spend(len(text) * pattern.programsize // (CHARACTERS_PER_STEP * INSTRUCTIONS_PER_STEP))
    try:
        return pattern.search(meter.read(text)) is not None
    except UnicodeEncodeError:  # half a character, which JSON can express and UTF-8 cannot
        return False


def pay_for(pattern: Pattern, meter: Meter) -> None:
    """The steps of having compiled a pattern during an evaluation."""
    meter.spend(10 + pattern.programsize // (INSTRUCTIONS_PER_STEP // 4))


@cache
def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = MAX_MEMORY_BYTES
    return options


def _reason(refusal: Exception) -> str:
    reason = refusal.args[0] if refusal.args else b""
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return text[:100]
