"""Texts of errors without the values that they quote: logs, reasons and dead letters show none of records.

PostgreSQL quotes keys and whole rows below its message, and the input that it could not read within it.
"""

from __future__ import annotations

import re2

BELOW = ("DETAIL:", "CONTEXT:", "QUERY:")
AGAIN = ("HINT:", "During handling of", "The above exception")
"""What stands behind quoted values, which may have lines of their own: a hint, or the next part of a traceback."""
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
