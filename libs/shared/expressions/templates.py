"""Fills `{{ path }}` in the values of actions. Only the definition's own text is a template, never a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

from libs.shared import exact
from libs.shared.expressions.values.access import element

PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]\w*(?:\.\w+)*)\s*\}\}", re.ASCII)
LEFT_TO_THE_SENDER = "env"
"""The root of paths that are filled when a request is sent, as the log must not hold secrets."""
VARIABLE = re.compile(r"\{\{\s*env\.([A-Za-z_]\w*)\s*\}\}", re.ASCII)
HOST = ":[]"
"""Characters of host names with ports and IPv6 addresses, beside letters, digits, hyphens and dots."""
Parts = list[str | dict[str, str]]
"""A header's value: texts, and `{"env": name}` for variables that are filled in when it is sent."""


def resolve(value: Any, environment: Mapping[str, Any]) -> Any:
    """`value` with the placeholders in its strings, at any depth, filled.

    A string that is nothing but a placeholder becomes the value itself; in a longer one a missing
    value is nothing.
    """
    if isinstance(value, Mapping):
        return {key: resolve(each, environment) for key, each in value.items()}
    if isinstance(value, list):
        return [resolve(each, environment) for each in value]
    return _resolve_text(value, environment) if isinstance(value, str) else value


def resolve_header(text: str, environment: Mapping[str, Any]) -> str | Parts:
    """A header's value with its placeholders filled, but those of variables.

    A text is still a template for the sender. Where a filled in value looks like a variable, parts are returned.
    """
    parts: Parts = []
    position, is_filled = 0, False
    for found in PLACEHOLDER.finditer(text):
        parts.append(text[position : found.start()])
        variable = VARIABLE.fullmatch(found[0])
        is_filled = is_filled or not _is_left(found[1])
        parts.append({LEFT_TO_THE_SENDER: variable[1]} if variable else _filled(found, environment))
        position = found.end()
    parts.append(text[position:])
    whole = "".join(f"{{{{env.{part['env']}}}}}" if isinstance(part, dict) else part for part in parts)
    if not is_filled:
        return text
    return [part for part in parts if part] if VARIABLE.search(whole) else whole


def resolve_url(text: str, environment: Mapping[str, Any]) -> str:
    """A URL with its placeholders filled: percent-encoded, so that no value becomes another part of the URL.

    Raises ValueError where a value would be a step back in the path, as encoding does not help there.
    """

    def filled(found: re.Match[str]) -> str:
        value = _filled(found, environment)
        is_path = any(sign in text[: found.start()].partition("://")[2] for sign in "/?#")
        return value if _is_left(found[1]) else quote(value, safe="" if is_path else HOST)

    url = PLACEHOLDER.sub(filled, text)
    if _steps_back(url) > _steps_back(text):
        raise ValueError("a value would be a step back (`..`) in the URL's path")
    return url


def paths_of(text: str) -> set[str]:
    """The paths in a template."""
    return {found[1] for found in PLACEHOLDER.finditer(text)}


def _steps_back(url: str) -> int:
    """How many segments of a URL's path are `.` or `..`, which clients and servers resolve."""
    path = re.split(r"[?#]", url.partition("://")[2], maxsplit=1)[0]
    return sum(unquote(segment) in (".", "..") for segment in path.split("/")[1:])


def _resolve_text(text: str, environment: Mapping[str, Any]) -> Any:
    whole = PLACEHOLDER.fullmatch(text.strip())
    if whole and not _is_left(whole[1]):
        return _as_json(_look_up(environment, whole[1]))
    return PLACEHOLDER.sub(lambda found: _filled(found, environment), text)


def _filled(found: re.Match[str], environment: Mapping[str, Any]) -> str:
    return found[0] if _is_left(found[1]) else _as_text(_as_json(_look_up(environment, found[1])))


def _is_left(path: str) -> bool:
    return path.split(".")[0] == LEFT_TO_THE_SENDER


def _look_up(environment: Mapping[str, Any], path: str) -> Any:
    value: Any = environment
    for part in path.split("."):
        value = element(value, int(part) if part.isdigit() and isinstance(value, list) else part)
    return value


def _as_json(value: Any) -> Any:
    return time_text(value) if isinstance(value, datetime) else value


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value if isinstance(value, str) else exact.dumps(value).decode()


def time_text(moment: datetime) -> str:
    """An instant as PostgreSQL writes it in JSON, in UTC: no more fraction than there is."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "+00:00"
