"""`{{env.NAME}}` in header values: filled in when a request is sent, so that no log holds a secret.

A header's value is a template from a definition, or a list of parts: literal texts, which came from records,
and variables.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

PLACEHOLDER = re.compile(r"\{\{\s*env\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}", re.ASCII)
OWN_PREFIX = "ROCKET_"
"""Prefix of the platform's settings, which hold its secrets."""
MIN_SECRET_CHARACTERS = 6
"""Minimum length of a value that is masked in responses; shorter values occur by chance."""

Value = str | Sequence[str | Mapping[str, str]]
"""A template, or parts: texts, and `{"env": name}`."""
Headers = Mapping[str, Value]


def visible(environment: Mapping[str, str], production: bool, allowed: Collection[str]) -> dict[str, str]:
    """The variables that headers may use: in production the allowed ones, else all but the platform's."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(OWN_PREFIX) and (not production or name in allowed)
    }


def fill(headers: Headers, variables: Mapping[str, str]) -> dict[str, str]:
    """The headers to send. An unknown variable is ""; line breaks are removed from values."""
    return {
        name: _one_line("".join(text if variable is None else variables.get(variable, "") for text, variable in parts))
        for name, value in headers.items()
        for parts in (_parts(value),)
    }


def to_text(value: Value) -> str:
    """A value as logs show it: with the placeholders of its variables."""
    return value if isinstance(value, str) else "".join(text for text, _ in _parts(value))


def conceal(text: str, headers: Headers, variables: Mapping[str, str]) -> str:
    """A text in which the values of variables are replaced by their placeholders.

    An endpoint may echo what it was sent, and responses are stored.
    """
    for value in headers.values():
        for _, name in _parts(value):
            secret = _one_line(variables.get(name, "")) if name else ""
            if len(secret) >= MIN_SECRET_CHARACTERS:
                text = text.replace(secret, _placeholder(str(name)))
    return text


def _parts(value: Value) -> list[tuple[str, str | None]]:
    """The parts of a template: texts, and the names of variables."""
    if isinstance(value, str):
        # Every second part is the name of a variable.
        split = PLACEHOLDER.split(value)
        return [(_placeholder(part), part) if n % 2 else (part, None) for n, part in enumerate(split)]
    return [(part, None) if isinstance(part, str) else (_placeholder(part["env"]), part["env"]) for part in value]


def _placeholder(name: str) -> str:
    return f"{{{{env.{name}}}}}"


def _one_line(value: str) -> str:
    return re.sub(r"[\r\n\0]", "", value)
