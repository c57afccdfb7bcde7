"""Mistakes that only a whole definition shows: each is told with the place it is in, as those of single values are."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError


def mistake(where: str, what: str) -> PydanticCustomError:
    """To be raised by a model's validator: `what` is wrong at `where`, a path within the model."""
    return PydanticCustomError("mistake", "{what}", {"what": what, "where": where})


def first_double(names: Sequence[str]) -> tuple[int, str] | None:
    """The first name that stands there a second time, and where it does."""
    seen: set[str] = set()
    for at, name in enumerate(names):
        if name in seen:
            return at, name
        seen.add(name)
    return None


def found_in(error: ValidationError) -> list[tuple[str, str]]:
    """The path and the words of each mistake; the path is empty for what is wrong with the whole."""
    return [(_path(problem), problem["msg"].removeprefix("Value error, ")) for problem in error.errors()]


def _path(problem: ErrorDetails) -> str:
    where = problem.get("ctx", {}).get("where")
    return ".".join([*map(str, problem["loc"]), *([where] if where else [])])
