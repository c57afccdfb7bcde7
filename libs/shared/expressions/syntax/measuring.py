"""Checks the limits on a text and on its tree, without recursion."""

from __future__ import annotations

import re

from libs.shared.expressions.errors import START, ExpressionError, position_at
from libs.shared.expressions.limits import MAX_DEPTH, MAX_NODES, MAX_TEXT_CHARACTERS
from libs.shared.expressions.syntax.tree import Node, Path, children

BRACKET = re.compile(
    r"""'(?:[^'\\]|\\.)*+(?:'|\\?\Z)|"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|(?P<open>[(\[])|(?P<close>[)\]])""", re.DOTALL
)
"""A bracket, or a string literal, in which brackets mean nothing; also one that does not end, so none is read twice."""


def check_text(text: str) -> None:
    """Refuse, before parsing, a text that is empty, too long or too deeply nested."""
    if not text.strip():
        raise ExpressionError("the expression is empty", START)
    if len(text) > MAX_TEXT_CHARACTERS:
        raise ExpressionError(f"the expression is longer than {MAX_TEXT_CHARACTERS} characters", START)
    depth = 0
    for found in BRACKET.finditer(text):
        depth += 1 if found["open"] else -1 if found["close"] else 0
        if depth > MAX_DEPTH:
            raise ExpressionError("the expression is nested too deeply", position_at(text, found.start()))


def check_tree(root: Node) -> None:
    """Refuse a tree of too many levels or parts."""
    size = 0
    pending = [(root, 1)]
    while pending:
        node, depth = pending.pop()
        size += weight(node)
        if depth > MAX_DEPTH:
            raise ExpressionError("the expression is nested too deeply", node.position)
        if size > MAX_NODES:
            raise ExpressionError(f"the expression has more than {MAX_NODES} parts", node.position)
        pending.extend((child, depth + 1) for child in children(node))


def weight(node: Node) -> int:
    """The size of one node, without those below it."""
    return len(node.names) if isinstance(node, Path) else 1


def count(root: Node) -> int:
    """The parts of a tree that is known to be within the limits."""
    return weight(root) + sum(count(child) for child in children(root))
