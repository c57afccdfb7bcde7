"""Messages for pydantic's errors, in terms of the document instead of our models. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

PLAIN: Mapping[str, str] = {
    "missing": "is required",
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}
LIMITED: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "string_too_short": lambda at: _least(at["min_length"], "character"),
    "string_too_long": lambda at: f"may have at most {at['max_length']} characters",
    "too_short": lambda at: _least(at["min_length"], "entry", "entries"),
    "too_long": lambda at: f"may have at most {at['max_length']} entries",
    "greater_than": lambda at: f"must be more than {at['gt']}",
    "greater_than_equal": lambda at: f"must be at least {at['ge']}",
    "less_than": lambda at: f"must be less than {at['lt']}",
    "less_than_equal": lambda at: f"may be at most {at['le']}",
    "literal_error": lambda at: _choice(at["expected"]),
    "string_pattern_mismatch": lambda at: PATTERNS.get(at["pattern"], f"must match {at['pattern']}"),
}
PATTERNS: Mapping[str, str] = dict.fromkeys(
    (r"^https?://.", r"^[Hh][Tt][Tt][Pp][Ss]?://."), "must begin with http:// or https://"
)
"""Forms that have a name."""
QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")
MUST = "must be "


def message_of(problem: ErrorDetails) -> str:
    """The error, as the end of a sentence that begins with the path."""
    kind, context = problem["type"], problem.get("ctx", {})
    if kind in LIMITED:
        return LIMITED[kind](context)
    # Messages of our own validators are used as they are.
    return PLAIN.get(kind) or problem["msg"].removeprefix("Value error, ").replace("Input should be", "must be")


def _choice(expected: str) -> str:
    names = QUOTED.findall(expected)
    if len(names) == 1:
        return f'must be "{names[0]}"'
    return f"must be one of {', '.join(names)}" if names else f"must be {expected}"


def _least(number: int, one: str, many: str = "") -> str:
    return "must not be empty" if number == 1 else f"must have at least {number} {many or one + 's'}"


def either(words: Sequence[str]) -> str:
    """Joins the errors of alternatives; if the value has an accepted type, only the errors of that one."""
    exact = [each for each in words if not each.startswith(MUST)]
    first, *others = exact or words
    return " or ".join([first, *(other.removeprefix(MUST) for other in others)])
