"""A tree with other nodes in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from libs.shared.expressions.syntax import tree
from libs.shared.expressions.syntax.tree import Node

PARTS: dict[type[Any], tuple[str, ...]] = {
    tree.Member: ("target",),
    tree.Index: ("target", "index"),
    tree.Items: ("elements",),
    tree.Call: ("arguments",),
    tree.Negation: ("operand",),
    tree.Negative: ("operand",),
    tree.Arithmetic: ("left", "right"),
    tree.Comparison: ("left", "right"),
    tree.Logic: ("operands",),
    tree.Choice: ("test", "then", "otherwise"),
}
"""Kind of node → the attributes that hold nodes."""


def rewritten(node: Node, change: Callable[[Node], Node | None]) -> Node:
    """The tree in which every node for which `change` answers another one is that; the others keep their place."""
    changed = change(node)
    if changed is not None:
        return changed
    parts: dict[str, Any] = {}
    for name in PARTS.get(type(node), ()):
        part = getattr(node, name)
        if isinstance(part, tuple):
            parts[name] = tuple(rewritten(each, change) for each in part)
        else:
            parts[name] = rewritten(part, change)
    return replace(node, **parts) if parts else node
