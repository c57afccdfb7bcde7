"""The walks of docs/architecture.md name files that exist, each within two imports of one that runs before it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.checkout import ROOT

PAGE = ROOT / "docs/architecture.md"
WALK = re.compile(r"^### (?P<name>[^\n]+)\n(?P<text>.*?)(?=^##)", re.MULTILINE | re.DOTALL)
STEP = re.compile(r"^(?P<number>\d+)\. \[[^]]+\]\(\.\./(?P<path>[^)]+)\) — \S", re.MULTILINE)
MAX_FILES_OF_A_POST = 30
MAX_FILES_IN_DATA = 12


def walks() -> dict[str, list[list[str]]]:
    """Walk → its parts → files in order. A numbered list that begins at 1 is a part."""
    found: dict[str, list[list[str]]] = {}
    text = PAGE.read_text(encoding="utf-8").partition("## Walks\n")[2]
    for walk in WALK.finditer(text):
        parts = found[walk["name"]] = []
        for step in STEP.finditer(walk["text"]):
            if step["number"] == "1":
                parts.append([])
            parts[-1].append(step["path"])
    return found


@cache
def imported_by(path: str) -> frozenset[str]:
    """The files that a file imports; of a package, also what the package imports itself."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                found |= set(files_of(name))
    return frozenset(found)


@cache
def reached_from(path: str) -> frozenset[str]:
    """The files that a file imports, and those that they import: a step may pass through one more file."""
    direct = imported_by(path)
    return direct.union(*(imported_by(each) for each in direct))


def files_of(module: str) -> Iterator[str]:
    path = module.replace(".", "/")
    if (ROOT / f"{path}.py").exists():
        yield f"{path}.py"
    if (ROOT / path / "__init__.py").exists() and not path.endswith("shared"):
        yield from imported_by(f"{path}/__init__.py")


def test_there_is_a_walk_for_each_main_operation() -> None:
    assert list(walks()) == [
        "A POST of a record", "An approval", "A webhook delivery", "A PUT of a definition", "A login",
    ]  # fmt: skip


@pytest.mark.parametrize("name", walks())
def test_the_files_of_a_walk_follow_one_another(name: str) -> None:
    for part in walks()[name]:
        missing = [path for path in part if not (ROOT / path).exists()]
        assert not missing
        for index, path in enumerate(part[1:], 1):
            assert any(path in reached_from(earlier) for earlier in part[:index]), (
                f"{path} is imported by none before it"
            )


def test_the_way_of_a_post_is_short() -> None:
    parts = walks()["A POST of a record"]
    assert sum(len(part) for part in parts) <= MAX_FILES_OF_A_POST
    assert len(next(part for part in parts if part[0].startswith("services/data/"))) < MAX_FILES_IN_DATA


def test_files_outside_are_named_by_path() -> None:
    assert all(Path(path).suffix == ".py" for parts in walks().values() for part in parts for path in part)
