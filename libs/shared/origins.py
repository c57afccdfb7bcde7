"""Origins of web pages, as browsers send them."""

from __future__ import annotations

from urllib.parse import urlsplit

ANY_ORIGIN = "*"
MAX_ORIGINS = 100


def is_origin(text: str) -> bool:
    """Whether a browser may send this as Origin: scheme, host, port if it is not the usual one; or `*` for any."""
    if text == ANY_ORIGIN:
        return True
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and text == f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        return False
