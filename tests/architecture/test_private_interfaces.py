"""Names that a library keeps private are used in one adapter per library, which has a test that fails on upgrade."""

from __future__ import annotations

import ast
from collections import Counter

from tests.architecture.tree import PACKAGES, files, functions, name, parse

ADAPTERS = {
    "libs/shared/bus/nats/nats_internals.py",
    "libs/shared/postgres/asyncpg_internals.py",
    "services/gateway/http/aiohttp_internals.py",
}
PUBLIC = {"_replace", "_asdict", "_fields", "_make", "_exit"}
"""Names of named tuples, and os._exit: documented in spite of the underscore."""


def foreign_private_names(tree: ast.Module, inherited: set[str]) -> set[str]:
    """Private attributes that a file uses and does not define, private imports, and calls of `super()` to a method that
    is not among `inherited`: those that the project defines more than once, so in a class and its base.
    """
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    own |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            value = node.value
            if isinstance(value, ast.Name) and value.id in ("self", "cls"):
                own.add(node.attr)
            elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "super":
                found |= {f"super().{node.attr}"} - {f"super().{each}" for each in inherited}
            else:
                found.add(node.attr)
        if isinstance(node, ast.ImportFrom) and node.module and not node.module.startswith(PACKAGES):
            found |= {alias.name for alias in node.names if is_private(alias.name)}
    return found - own - PUBLIC


def is_private(attribute: str) -> bool:
    return attribute.startswith("_") and not attribute.startswith("__")


def test_private_names_of_libraries_are_used_in_adapters_only() -> None:
    trees = {name(path): parse(path) for path in files(*PACKAGES)}
    defined = Counter(function.name for tree in trees.values() for function in functions(tree))
    inherited = {function for function, count in defined.items() if count > 1}
    users = {path for path, tree in trees.items() if foreign_private_names(tree, inherited)}
    assert users <= ADAPTERS <= set(trees)


def test_a_private_name_of_another_object_is_found() -> None:
    assert foreign_private_names(ast.parse("client._transport = 1"), set()) == {"_transport"}
    assert foreign_private_names(ast.parse("from aiohttp.web import _x"), set()) == {"_x"}
    assert foreign_private_names(ast.parse("class A(B):\n def _f(self): super()._f()"), set()) == {"super()._f"}
    assert not foreign_private_names(ast.parse("class A:\n def f(self, o): self._x = o._x; o._replace(a=1)"), set())
