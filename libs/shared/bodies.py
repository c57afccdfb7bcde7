"""Reads the JSON that callers send, for all services. Refusals name the place of each error.

Two equal keys in one object are refused, as readers disagree about which of them counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from libs.shared import exact
from libs.shared.contracts.bodies import RequestBody
from libs.shared.errors import Detail, RocketError, detail_of, invalid, summary
from libs.shared.nearest import MAX_SHOWN_CHARACTERS, unknown
from libs.shared.schema.locations import locate
from libs.shared.schema.messages import either, message_of

B = TypeVar("B", bound=RequestBody)

RULES: Mapping[str, str] = {
    "missing": "required",
    "extra_forbidden": "unknown",
    "string_too_short": "min_length",
    "string_too_long": "max_length",
    "too_short": "min_length",
    "too_long": "max_length",
}
"""Pydantic's type of an error → `rule` of its detail."""
OWN_RULES = frozenset({"required", "unknown", "min_length", "max_length"})
"""Types of errors that are rules themselves: validators of models raise them with `refusal`."""
STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)


def read_json(body: bytes) -> Any:
    """The value of a body, numbers with all their digits. Raises INVALID_PAYLOAD."""
    try:
        value = exact.parse(body)
    except json.JSONDecodeError as problem:
        raise _refused(_words(body, problem)) from None
    except ValueError as problem:
        raise _refused(str(problem)) from None
    _refuse_double_keys(body, value)
    return value


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body. Raises INVALID_PAYLOAD."""
    document = read_json(body)
    if not isinstance(document, dict):
        raise RocketError("INVALID_PAYLOAD", "The body must be a JSON object")
    return document


def read_array(body: bytes) -> list[Any]:
    """The JSON array of a body. Raises INVALID_PAYLOAD."""
    document = read_json(body)
    if not isinstance(document, list):
        raise RocketError("INVALID_PAYLOAD", "The body must be a JSON array")
    return document


def parse_body(model: type[B], body: bytes) -> B:
    """Parse a JSON body as a model. Raises INVALID_PAYLOAD, VALIDATION_FAILED with a detail for each error."""
    return validate(model, {} if not body and model.may_be_absent else read_object(body))


def validate(model: type[B], document: Any) -> B:
    """Parse a JSON value as a model. Raises VALIDATION_FAILED with a detail for each error, unknown keys first."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        details = sorted(_details(error, model, document), key=lambda detail: detail.get("rule") != "unknown")
        raise invalid(summary(details[0]), *details) from None


def _details(error: ValidationError, model: type[RequestBody], document: Any) -> Iterator[Detail]:
    alternatives: dict[str, list[str]] = {}
    for problem in error.errors():
        place, kind = locate(model, document, problem["loc"]), problem["type"]
        path = place.path
        if path and isinstance(path[-1], int) and not isinstance(problem["input"], dict):
            # An entry of a list of plain values is an error of the list.
            path = path[:-1]
        field = ".".join(map(str, path))
        if kind == "extra_forbidden":
            key = str(place.path[-1])
            field = ".".join([*map(str, place.path[:-1]), key[:MAX_SHOWN_CHARACTERS]])
            yield {"field": field, "rule": "unknown", "message": unknown(key, place.known)}
        else:
            where = ".".join(filter(None, [field, problem.get("ctx", {}).get("where")]))
            message = message_of(problem) if where else f"The body {message_of(problem)}"
            if place.is_alternative:
                alternatives.setdefault(where, []).append(message)
            else:
                yield detail_of(where, message, kind if kind in OWN_RULES else RULES.get(kind))
    for where, messages in alternatives.items():
        yield detail_of(where, either(messages))


def _words(body: bytes, problem: json.JSONDecodeError) -> str:
    if not body.strip():
        return "it is empty"
    what = problem.msg.removeprefix("str is ").partition(":")[0]
    return f"{what} at line {problem.lineno}, column {problem.colno}"


def _refuse_double_keys(body: bytes, value: Any) -> None:
    """Refuse an object with two equal keys: it has more keys in the text than in the value.

    Each key has a colon. Nearly all bodies have as many colons as keys, which takes one count. In others the strings
    are removed first, because they may contain colons.
    """
    kept = _keys_in(value)
    if body.count(b":") == kept or STRING.sub(b"", body).count(b":") == kept:
        return
    json.loads(body, object_pairs_hook=_refuse_double)


def _keys_in(value: Any) -> int:
    """The number of keys in all objects of a value."""
    total, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            total += len(one)
            one = one.values()
        elif not isinstance(one, list):
            continue
        waiting += [each for each in one if isinstance(each, dict | list)]
    return total


def _refuse_double(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            detail = {"field": name, "message": "stands twice in one object"}
            raise RocketError("INVALID_PAYLOAD", f"The body has {name} twice in one object", [detail])
        found[name] = value
    return found


def _refused(why: str) -> RocketError:
    return RocketError("INVALID_PAYLOAD", f"The body is not valid JSON: {why}")
