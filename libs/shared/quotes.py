"""Removes quoted values from the texts of errors, so that logs, reasons and dead letters show no values of records.

PostgreSQL quotes keys and whole rows below its message, and invalid input within it.
"""

from __future__ import annotations

import re2

BELOW = ("DETAIL:", "CONTEXT:", "QUERY:")
AGAIN = ("HINT:", "During handling of", "The above exception")
"""The lines that may follow quoted values of several lines: a hint, or the next part of a traceback."""
ARGUMENT = re2.compile(r"(query argument \$\d+[^:\n]*): [^\n]*")
"""asyncpg writes the value on one line."""
INPUT = re2.compile(r'(invalid input (?:syntax|value) for [^:\n]*): "(?s:.*?)"(\n|\z)')


def unquoted(text: str) -> str:
    """The text of an error, or a traceback, without values that a database quotes."""
    if any(mark in text for mark in BELOW):
        text = _without_details(text)
    if "query argument" in text:
        text = ARGUMENT.sub(r"\1: ***", text)
    return INPUT.sub(r'\1: "***"\2', text) if "invalid input" in text else text


def _without_details(text: str) -> str:
    kept, quoting = [], False
    for line in text.split("\n"):
        # Groups of errors are drawn with bars at their side.
        beginning = line.lstrip(" |")
        quoting = beginning.startswith(BELOW) or (quoting and not beginning.startswith(AGAIN))
        if not quoting:
            kept.append(line)
    return "\n".join(kept)
