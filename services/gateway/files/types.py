"""What a file is said to be, and what its first bytes say.

Every file is handed out as an attachment in a sandbox, under exactly the type it was uploaded with
(`nosniff`), so a browser runs none. Checked is what other programs could be deceived with: a document
with markup must not call itself a picture, a sound, a film, a font or a PDF. Where an operator lists
the types that may be uploaded, a listed type must also be what the first bytes show.
"""

from __future__ import annotations

import fnmatch
import mimetypes
import re
from collections.abc import Sequence

from libs.shared.errors import RocketError, invalid_field

HEAD_BYTES = 512
"""Bytes at the beginning of a file that are looked at."""
UNKNOWN = "application/octet-stream"
FORM = re.compile(r"[\w!#$&^.+-]{1,64}/[\w!#$&^.+-]{1,64}", re.ASCII)
TOKEN = r"[\w!#$%&'*+.^`|~-]{1,64}"
PARAMETERS = re.compile(rf"""(?:;[ \t]*(?:{TOKEN}=(?:{TOKEN}|"(?:[ !#-\[\]-~]|\\[ -~])*")[ \t]*)?)*""", re.ASCII)
MAX_PARAMETER_CHARACTERS = 200
"""Characters of a type's parameters."""
PASSIVE = re.compile(r"(image/(?!svg)|audio/|video/|font/|application/pdf$)")
"""Types that are not expected to be documents with markup."""
MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?[\s\x00]*<(?:!doctype\b|html\b|head\b|body\b|script\b|iframe\b|svg\b|\?xml\b)", re.I
)
SIGNATURES: dict[str, Sequence[bytes]] = {
    "image/png": (rb"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (rb"\xff\xd8\xff",),
    "image/gif": (rb"GIF8[79]a",),
    "image/webp": (rb"RIFF....WEBP",),
    "image/bmp": (rb"BM",),
    "application/pdf": (rb"%PDF-",),
    "application/zip": (rb"PK\x03\x04", rb"PK\x05\x06"),
    "application/gzip": (rb"\x1f\x8b",),
}
"""Type → patterns of which its files begin with one."""


def claimed_type(sent: str, filename: str) -> str:
    """The type that a client sent, whole, if it is one; else what the name says; else the unknown one.

    Parameters (`charset=iso-8859-1`) are kept as they are, unless they are malformed or longer than a header should be.
    """
    kind, semicolon, rest = sent.partition(";")
    kind = kind.strip().lower()
    if FORM.fullmatch(kind):
        parameters = semicolon + rest.rstrip()
        return (
            kind + parameters
            if len(parameters) <= MAX_PARAMETER_CHARACTERS and PARAMETERS.fullmatch(parameters)
            else kind
        )
    return mimetypes.guess_type(filename)[0] or UNKNOWN


def check_type(kind: str, head: bytes, allowed: Sequence[str]) -> None:
    """Raises VALIDATION_FAILED for a type that is not in `allowed` (patterns; empty: all are), or is a lie.

    Parameters of the type make no difference.
    """
    kind = kind.partition(";")[0]
    if allowed and not any(fnmatch.fnmatchcase(kind, pattern.lower()) for pattern in allowed):
        raise invalid_field("file", f"Files of type {kind} are not accepted", "type")
    if PASSIVE.match(kind) and MARKUP.match(head):
        raise _no_such_thing(kind)
    patterns = SIGNATURES.get(kind)
    if allowed and head and patterns and not any(re.match(pattern, head, re.DOTALL) for pattern in patterns):
        raise _no_such_thing(kind)


def _no_such_thing(kind: str) -> RocketError:
    return invalid_field("file", f"The content of the file does not match its type {kind}", "type")
