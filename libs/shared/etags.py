"""The version of a record or definition in HTTP headers: ETag, If-Match, If-None-Match."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from libs.shared.errors import RocketError

MAX_REMEMBERED = 2_000
"""The number of queries and grants whose part of a tag is cached; most requests repeat the same ones."""
IF_MATCH = re.compile(r'(?:W/)?"?(\d{1,18})(?:-[^"]*)?"?')


def etag(version: int) -> dict[str, str]:
    """The ETag header of a version."""
    return {"ETag": f'"{version}"'}


def tags_of(header: str) -> set[str]:
    """The tags that If-None-Match lists, without their quotes."""
    return {tag.strip().removeprefix("W/").strip('"') for tag in header.split(",") if tag.strip()}


def demanded_versions(header: str) -> frozenset[int] | None:
    """The versions that If-Match accepts; None without it or for `*`. Raises PRECONDITION_FAILED if it lists none.

    Of a tag with a representation, only the version is compared.
    """
    tags = [tag.strip() for tag in header.split(",")]
    if header.strip() == "" or "*" in tags:
        return None
    found = frozenset(int(match[1]) for tag in tags if (match := IF_MATCH.fullmatch(tag)))
    if not found:
        raise RocketError("PRECONDITION_FAILED", "If-Match names no version")
    return found


def refuse_other(version: int, demanded: frozenset[int] | None, what: str) -> None:
    """Raise PRECONDITION_FAILED, with the current version as ETag, if it is none of the demanded ones."""
    if demanded is not None and version not in demanded:
        wanted = ", ".join(map(str, sorted(demanded)))
        raise RocketError(
            "PRECONDITION_FAILED", f"The {what} has version {version}, not {wanted}", headers=etag(version)
        )


def representation_tag(version: int, schema_version: int, question: bytes, values: Sequence[Any]) -> dict[str, str]:
    """The header for another representation than the plain one: it also depends on schema, question and grant."""
    return {"ETag": f'"{version}-{schema_version}-{_profile(question, tuple(values))}"'}


@lru_cache(MAX_REMEMBERED)
def _profile(question: bytes, values: tuple[Any, ...]) -> str:
    return hashlib.blake2b(question + repr(values).encode(), digest_size=6).hexdigest()
