"""Which paths an expression reads."""

from __future__ import annotations

from collections.abc import Iterator

from libs.shared.expressions.functions import FUNCTIONS
from libs.shared.expressions.scope import NOW, ROW
from libs.shared.expressions.syntax.tree import Call, Constant, Index, Node, Path, children


def paths(root: Node) -> frozenset[str]:
    """The dotted paths that `root` may read from its environment.

    A path stands for all that lies below it: `record.lines[0].price` reads `record.lines`. Names in
    a row's expression are listed as written, as they fall back to the environment; `it` is not.
    """
    return frozenset(".".join(names) for names in _paths(root, in_row=False))


def _paths(node: Node, in_row: bool) -> Iterator[tuple[str, ...]]:
    match node:
        case Path(names):
            if not (in_row and names[0] == ROW):
                yield names
        case Index(Path(names), Constant(str(key))) if not (in_row and names[0] == ROW):
            yield (*names, key)
        case Call("now"):
            yield (NOW,)
        case Call(name, (source, row)) if FUNCTIONS[name].takes_rows:
            yield from _paths(source, in_row)
            yield from _paths(row, in_row=True)
        case _:
            for child in children(node):
                yield from _paths(child, in_row)
