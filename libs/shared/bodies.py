"""The JSON that callers send, read once for all services: what is wrong is told with its place.

Two equal keys in one object are refused, as no reader agrees with the next about which of them counts.
"""

from __future__ import annotations

import json
import re
from typing import Any

from libs.shared import exact
from libs.shared.errors import RocketError

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


def _words(body: bytes, problem: json.JSONDecodeError) -> str:
    if not body.strip():
        return "it is empty"
    what = problem.msg.removeprefix("str is ").partition(":")[0]
    return f"{what} at line {problem.lineno}, column {problem.colno}"


def _refuse_double_keys(body: bytes, value: Any) -> None:
    """Keys that are lost by reading are those that stood there twice.

    Each key has a colon. Nearly every body has as many colons as keys, which takes one count; of others the strings
    are taken out first, as a colon may stand in them.
    """
    kept = _keys_in(value)
    if body.count(b":") == kept or STRING.sub(b"", body).count(b":") == kept:
        return
    json.loads(body, object_pairs_hook=_refuse_double)


def _keys_in(value: Any) -> int:
    """How many keys the objects of a value have in all."""
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
