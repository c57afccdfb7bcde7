"""Fills `{{ path }}` in plain text. Pure; nothing is escaped or executed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from libs.shared.liquid_templates import as_text

PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]\w*(?:\.\w+)*)\s*\}\}", re.ASCII)
MAX_SUBJECT_CHARACTERS = 500
MAX_BODY_CHARACTERS = 1_000_000
"""Characters after which a rendered text is cut."""


def look_up(environment: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path through objects and lists (by index); None where there is none."""
    value: Any = environment
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and len(part) < 10 and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def render(template: str, environment: Mapping[str, Any]) -> str:
    """The text with its placeholders filled; a missing path is ""."""
    room = MAX_BODY_CHARACTERS

    def value_of(match: re.Match[str]) -> str:
        nonlocal room
        text = as_text(look_up(environment, match[1]))[: max(0, room)]
        room -= len(text)
        return text

    return PLACEHOLDER.sub(value_of, template).replace("\0", "")[:MAX_BODY_CHARACTERS]


def render_subject(template: str, environment: Mapping[str, Any]) -> str:
    """The rendered text on one line, since a line break could inject a header."""
    return one_line(render(template, environment))


def one_line(text: str) -> str:
    """`text` without line breaks and other control characters."""
    return re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", text).strip()[:MAX_SUBJECT_CHARACTERS]
