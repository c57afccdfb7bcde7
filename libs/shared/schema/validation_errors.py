"""Validation errors of definitions and other bodies: each has a path; an unknown key also the nearest known one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from libs.shared.errors import Detail, invalid
from libs.shared.nearest import MAX_SHOWN_CHARACTERS, nearest, unknown
from libs.shared.schema.locations import Location, locate
from libs.shared.schema.messages import either, message_of

UNTAGGED = ("union_tag_not_found", "union_tag_invalid")


def error_at(where: str, what: str) -> PydanticCustomError:
    """An error for a model's validator to raise: `what` is wrong at `where`, a path within the model."""
    return PydanticCustomError("mistake", "{what}", {"what": what, "where": where})


def first_duplicate(names: Sequence[str]) -> tuple[int, str] | None:
    """The first name that occurs a second time, with its index."""
    seen: set[str] = set()
    for at, name in enumerate(names):
        if name in seen:
            return at, name
        seen.add(name)
    return None


def suggestion(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest known one, or nothing."""
    meant = nearest(name, known)
    return f"; do you mean `{meant}`?" if meant else ""


def unknown_keys(document: Mapping[str, Any], known: Iterable[str], where: str = "") -> list[Detail]:
    """A detail per unknown key of a body; `where` is the path of the object within the body."""
    names = list(known)
    prefix = f"{where}." if where else ""
    return [
        {"field": f"{prefix}{key[:MAX_SHOWN_CHARACTERS]}", "rule": "unknown", "message": unknown(key, names)}
        for key in document
        if key not in names
    ]


def refuse_unknown(document: Mapping[str, Any], known: Iterable[str], where: str = "") -> None:
    """Raises VALIDATION_FAILED with a detail per unknown key of a body."""
    if details := unknown_keys(document, known, where):
        raise invalid(str(details[0]["message"]), *details)


def errors_in(error: ValidationError, model: type[BaseModel], document: Any) -> list[tuple[str, str]]:
    """(path, message) of each error; the path is empty for an error of the whole document."""
    located = [(problem, locate(model, document, problem["loc"])) for problem in error.errors()]
    deeper = {location.path for _, location in located}
    messages: dict[str, list[str]] = {}
    alternatives = {location.path for _, location in located if location.is_alternative}
    for problem, location in located:
        if not (location.is_alternative and _is_beside(location, deeper)):
            for path, message in _described(problem, location):
                known = messages.setdefault(path, [])
                known += [message] if message not in known else []
    # The alternatives that one value does not match are one error.
    joined = {".".join(map(str, path)) for path in alternatives}
    return [
        (path, message)
        for path, found in messages.items()
        for message in ([either(found)] if path in joined else found)
    ]


def _is_beside(location: Location, others: Iterable[tuple[str | int, ...]]) -> bool:
    """Whether there are errors within the same value, so that another alternative was meant."""
    size = len(location.path)
    return any(len(other) > size and other[:size] == location.path for other in others)


def _described(problem: ErrorDetails, location: Location) -> Iterator[tuple[str, str]]:
    path = ".".join(map(str, location.path))
    if problem["type"] == "extra_forbidden":
        yield path, unknown(str(location.path[-1]), location.known)
    elif problem["type"] in UNTAGGED:
        yield from _described_tag(problem, path)
    else:
        where = problem.get("ctx", {}).get("where")
        yield ".".join(filter(None, [path, where])), message_of(problem)


def _described_tag(problem: ErrorDetails, path: str) -> Iterator[tuple[str, str]]:
    """Errors of the key that selects an object's model."""
    context, given = problem.get("ctx", {}), problem["input"]
    key = str(context["discriminator"]).strip("'")
    prefix = f"{path}." if path else ""
    if problem["type"] == "union_tag_invalid":
        tags = [each.strip().strip("'") for each in str(context["expected_tags"]).split(",")]
        tag = str(context["tag"])
        yield f"{prefix}{key}", f"must be one of {', '.join(tags)}{suggestion(tag, tags)}"
        return
    yield f"{prefix}{key}", "is required"
    for name in given if isinstance(given, Mapping) else ():
        if nearest(str(name), [key]):
            yield f"{prefix}{name}", unknown(str(name), [key])
