"""The routing table as a tree of path segments: matching takes as many steps as the path has segments.

aiohttp tries one regular expression after another, which took a tenth of the gateway's time, as an app's routes begin
alike. Fixed segments are tried before variables, so the order of the table matters only among routes of one path.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Generic, TypeVar

H = TypeVar("H")
Fits = Callable[[str], re.Match[str] | None]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
REST = "**"
"""The form of a variable that is all the rest of a path, also nothing."""
VARIABLE = re.compile(r"\{(\w+)(?::(.+))?\}")


class _Node(Generic[H]):
    """A place in the tree: where fixed segments and variables lead from here, and what is answered here."""

    def __init__(self) -> None:
        self.fixed: dict[str, _Node[H]] = {}
        self.variable: list[tuple[str, Fits | None, _Node[H]]] = []
        self.rest: tuple[str, _Node[H]] | None = None
        self.handlers: dict[str, H] = {}

    def child(self, segment: str) -> _Node[H]:
        """The node behind a segment as a route writes it, made if it is new."""
        variable = VARIABLE.fullmatch(segment)
        if variable is None:
            return self.fixed.setdefault(segment, _Node())
        if variable[2] == REST:
            self.rest = self.rest or (variable[1], _Node())
            return self.rest[1]
        name, fits = variable[1], re.compile(variable[2]).fullmatch if variable[2] else None
        for known, form, node in self.variable:
            if (known, form) == (name, fits):
                return node
        self.variable.append((name, fits, _Node()))
        # What says how its values look is asked before what takes all.
        self.variable.sort(key=lambda entry: entry[1] is None)
        return self.child(segment)


class Router(Generic[H]):
    """Handlers by method and path. Paths are written `/a/{name}/{name:regex}`; a variable is one whole segment.
    The last one may be `{name:**}`: all segments that are left."""

    def __init__(self) -> None:
        self._root: _Node[H] = _Node()

    def add(self, method: str, path: str, handler: H) -> None:
        """Have a path answered. Raises ValueError where another handler has it already."""
        node = self._root
        for segment in path.split("/")[1:]:
            node = node.child(segment)
        if node.handlers.setdefault(method, handler) is not handler:
            raise ValueError(f"{method} {path} is answered already")

    def find(self, method: str, path: str) -> tuple[H, dict[str, str]] | None:
        """Who answers, and the variables' values; percent signs and slashes of the path may still be encoded."""
        values: dict[str, str] = {}
        handler = _found(self._root, path.split("/"), 1, method, values)
        return None if handler is None else (handler, values)

    def allowed(self, path: str) -> set[str]:
        """The methods that a path is answered for."""
        return {method for method in METHODS if self.find(method, path)}


def _found(node: _Node[H], segments: list[str], at: int, method: str, values: dict[str, str]) -> H | None:
    """The handler of the most exact path that there is for this method; fills `values` on the way back."""
    if at == len(segments):
        return node.handlers.get(method)
    segment = segments[at]
    following = node.fixed.get(segment)
    if following is not None and (handler := _found(following, segments, at + 1, method, values)) is not None:
        return handler
    if segment:
        for name, fits, beyond in node.variable:
            if fits is None or fits(segment):
                handler = _found(beyond, segments, at + 1, method, values)
                if handler is not None:
                    values[name] = _decoded(segment)
                    return handler
    if node.rest is not None and (handler := node.rest[1].handlers.get(method)) is not None:
        values[node.rest[0]] = "/".join(map(_decoded, segments[at:]))
        return handler
    return None


def _decoded(value: str) -> str:
    return value.replace("%2F", "/").replace("%25", "%") if "%" in value else value
