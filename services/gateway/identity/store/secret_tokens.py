"""Secrets that are shown once: refresh tokens, invites, resets, tickets. Only their SHA-256 is stored.

They are random, so no slow hash is needed.
"""

from __future__ import annotations

import hashlib
import secrets

TOKEN_BYTES = 32


def new_token() -> str:
    """A random token in the form of URLs and JSON."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
