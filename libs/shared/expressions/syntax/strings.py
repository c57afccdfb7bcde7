"""String literals: the text between the quotes, with its escapes replaced."""

from __future__ import annotations

import re

ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
PLAIN = {"\\": "\\", "'": "'", '"': '"', "/": "/", "n": "\n", "t": "\t", "r": "\r"}


class EscapeError(Exception):
    """An escape that means nothing, at `offset` in the literal."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


def unquote(literal: str) -> str:
    """The value of a quoted literal; EscapeError for one that is not of the language.

    Unknown escapes are refused rather than dropped: `'\\d'` in a pattern would silently become `d`.
    """
    text = ESCAPE.sub(_replacement, literal[1:-1])
    # Two \u escapes may be the halves of one character, as in JSON.
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise EscapeError("half a character, the other \\u is missing", 0) from None


def _replacement(found: re.Match[str]) -> str:
    escape = found[1]
    if len(escape) > 1:
        return chr(int(escape[1:], 16))
    if escape not in PLAIN:
        raise EscapeError(f"unknown escape \\{escape}, a backslash itself is written \\\\", found.start() + 1)
    return PLAIN[escape]
