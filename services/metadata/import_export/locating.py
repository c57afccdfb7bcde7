"""Errors of a part of a document name its path. Pure."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from libs.shared.errors import RocketError


@contextlib.contextmanager
def located(path: str) -> Iterator[None]:
    """Errors within the block name the definition at this path."""
    try:
        yield
    except RocketError as problem:
        details = [{**detail, "path": path} for detail in problem.details] or [
            {"path": path, "message": problem.message}
        ]
        raise RocketError(problem.code, f"{path}: {problem.message}", details) from None
