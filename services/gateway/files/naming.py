"""A client's file name, made harmless, and written into a header."""

from __future__ import annotations

import re
from urllib.parse import quote

MAX_NAME_CHARACTERS = 255
PLAIN = re.compile(r"[A-Za-z0-9!#$&+.^_`{}~ ()\[\],;=@'-]*")
"""Characters that every client reads as they are in a quoted string."""


def safe_name(name: str) -> str:
    """A file name without path parts and control characters, at most 255 characters; never empty.

    Bytes that were no UTF-8 stand in `name` as surrogates; then all of them are Latin-1.
    """
    last = re.split(r"[/\\]", _decoded(name))[-1]
    clean = "".join(character for character in last if character.isprintable()).strip(". ")
    return clean[:MAX_NAME_CHARACTERS] or "file"


def content_disposition(name: str) -> str:
    """`attachment` with the name, as RFC 6266 writes it: for old clients in ASCII, and whole in UTF-8."""
    plain = "".join(character if PLAIN.fullmatch(character) else "_" for character in name)
    header = f'attachment; filename="{plain}"'
    return header if plain == name else f"{header}; filename*=UTF-8''{quote(name, safe='')}"


def _decoded(name: str) -> str:
    try:
        sent = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return name  # a surrogate that stands for no byte: it goes with what can't be printed
    try:
        return sent.decode()
    except UnicodeDecodeError:
        return sent.decode("latin-1")
