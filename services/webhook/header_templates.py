"""`{{env.NAME}}` in header values: filled in when a request is sent, so that no log holds a secret."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

PLACEHOLDER = re.compile(r"\{\{\s*env\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
OWN = "ROCKET_"
"""Prefix of our own settings, which hold secrets of the platform."""
SECRET = 6
"""Characters of a value, at least, that is looked for in answers; shorter ones stand everywhere by chance."""


def visible(environment: Mapping[str, str], production: bool, allowed: Collection[str]) -> dict[str, str]:
    """The variables that headers may use: in production the allowed ones, else all but our own."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(OWN) and (not production or name in allowed)
    }


def fill(headers: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """The headers as they are sent; an unknown variable is "", and no value gains a second line."""

    def value_of(match: re.Match[str]) -> str:
        return _one_line(variables.get(match[1], ""))

    return {name: PLACEHOLDER.sub(value_of, value) for name, value in headers.items()}


def conceal(text: str, headers: Mapping[str, str], variables: Mapping[str, str]) -> str:
    """A text with the values of variables that the headers use as the placeholders again.

    An endpoint may answer what it was sent, and answers are kept.
    """
    for value in headers.values():
        for name in PLACEHOLDER.findall(value):
            secret = _one_line(variables.get(name, ""))
            if len(secret) >= SECRET:
                text = text.replace(secret, f"{{{{env.{name}}}}}")
    return text


def _one_line(value: str) -> str:
    return re.sub(r"[\r\n\0]", "", value)
