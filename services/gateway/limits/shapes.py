"""Limits how deep and wide a JSON body may be, without parsing it.

A body with fewer brackets and commas than the limits can't exceed them: nearly every body, which takes three counts.
From others the strings are removed, and the brackets and commas that remain are followed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from libs.shared.errors import RocketError

STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+', re.DOTALL)
MARKS = b"[]{},"
OTHERS = bytes(set(range(256)) - set(MARKS))
TOKEN = re.compile(rb",+|[\[\]{}]")


@dataclass(frozen=True, slots=True)
class BodyShape:
    """The limits: levels, fields of an object, items of an array, objects and arrays in all."""

    depth: int
    fields: int
    items: int
    containers: int


def check_shape(body: bytes, shape: BodyShape) -> None:
    """Raises INVALID_PAYLOAD for a body that is deeper or wider. Malformed JSON is left to its parser."""
    containers = body.count(b"{") + body.count(b"[")
    if containers <= shape.depth and body.count(b",") < min(shape.fields, shape.items):
        return
    marks = STRING.sub(b"", body).translate(None, OTHERS)
    if marks.count(b"{") + marks.count(b"[") > shape.containers:
        raise _refused(f"may hold at most {shape.containers} objects and arrays")
    _walk(marks, shape)


def _walk(marks: bytes, shape: BodyShape) -> None:
    """Follow the brackets; `commas` counts those of each container that is open."""
    commas: list[int] = [0]
    most = {b"}": shape.fields, b"]": shape.items}
    for match in TOKEN.finditer(marks):
        token = match[0]
        if token[0] == 0x2C:
            commas[-1] += len(token)
        elif token in (b"{", b"["):
            commas.append(0)
            if len(commas) > shape.depth + 1:
                raise _refused(f"may be nested {shape.depth} levels at most")
        elif len(commas) > 1:
            if commas.pop() >= most[token]:
                raise _too_wide(token, shape)
        else:
            return


def _too_wide(token: bytes, shape: BodyShape) -> RocketError:
    if token == b"}":
        return _refused(f"may have at most {shape.fields} fields in an object")
    return _refused(f"may have at most {shape.items} items in an array")


def _refused(reason: str) -> RocketError:
    return RocketError("INVALID_PAYLOAD", f"The body {reason}")
