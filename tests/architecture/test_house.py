"""The house rules that can be read off the source: sizes, subjects, words of explanation."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.shared.contracts.streams import STREAMS
from tests.architecture.tree import PACKAGES, files, functions, length, name, parse, strings

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
OBVIOUS = 7
"""Lines of a body that says by itself what it does."""

SUBJECTS = ("rocket.", *(subject.removesuffix(">") for stream in STREAMS for subject in stream.subjects))

ALL = files(*PACKAGES)
SHARED = files("libs/shared")


@pytest.mark.parametrize("folder", PACKAGES)
def test_no_file_is_too_long(folder: str) -> None:
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files(folder)}
    assert max(lengths.values()) > 20
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_too_long() -> None:
    lengths = {f"{name(path)}:{node.name}": length(node) for path in ALL for node in functions(parse(path))}
    assert len(lengths) > 1000
    assert {function: lines for function, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_only_contracts_spell_subjects() -> None:
    assert set(SUBJECTS) == {"rocket.", "commits.", "signals.", "telemetry."}
    contracts = [text for path in files("libs/shared/contracts") for _, text in strings(parse(path))]
    assert all(any(text.startswith(subject) for text in contracts) for subject in SUBJECTS)
    spelled = [
        f"{name(path)}:{line}: {text!r}"
        for path in files("services")
        for line, text in strings(parse(path))
        if text.startswith(SUBJECTS)
    ]
    assert spelled == []


def test_shared_modules_have_docstrings() -> None:
    """Modules and public classes have a docstring; public functions too, unless a few lines say it all."""
    assert len(SHARED) > 70
    assert [problem for path in SHARED for problem in _unexplained(path)] == []


def _unexplained(path: Path) -> Iterator[str]:
    tree = parse(path)
    if tree.body and ast.get_docstring(tree) is None:
        yield name(path)
    for scope in ast.walk(tree):
        if not isinstance(scope, ast.Module | ast.ClassDef):
            continue
        for node in scope.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and _needs_words(node):
                yield f"{name(path)}: {node.name}"


def _needs_words(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    if node.name.startswith("_") or ast.get_docstring(node) is not None:
        return False
    return isinstance(node, ast.ClassDef) or length(node, node.body[0].lineno) > OBVIOUS
