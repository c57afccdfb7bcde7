"""The tests' own rules: tests/README.md lists every folder, and test modules import helpers from tests/support only."""

from __future__ import annotations

import ast

from tests.architecture.tree import files, name, parse
from tests.support.checkout import ROOT

TESTS = ROOT / "tests"
README = (TESTS / "README.md").read_text(encoding="utf-8")


def test_the_readme_lists_every_folder() -> None:
    folders = {path.parent.name for path in TESTS.glob("*/__init__.py")} - {"support"}
    assert {folder for folder in folders if f"[{folder}/]({folder})" not in README} == set()


def test_the_readme_lists_every_area_of_e2e() -> None:
    areas = {path.parent.name for path in (TESTS / "e2e").glob("*/__init__.py")}
    assert len(areas) > 10
    assert {area for area in areas if f"\n| {area} | " not in README} == set()


def test_every_e2e_test_is_in_an_area() -> None:
    assert list((TESTS / "e2e").glob("test_*.py")) == []


def test_test_modules_do_not_import_each_other() -> None:
    imports = [
        f"{name(path)}:{node.lineno}"
        for path in files("tests")
        for node in parse(path).body
        if isinstance(node, ast.ImportFrom)
        and node.module
        and node.module.startswith("tests.")
        and node.module.rpartition(".")[2].startswith("test_")
    ]
    assert imports == []
