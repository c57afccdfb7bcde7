"""Who may import whom: no cycles, every module by itself, and one door each to NATS and PostgreSQL."""

from __future__ import annotations

import graphlib
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from tests.architecture.tree import PACKAGES, files, imported, module, name, parse
from tests.support.checkout import ROOT

DOORS = {
    "nats": ("libs/shared/bus/", "deploy/embedded/"),
    "asyncpg": ("libs/shared/postgres/", "deploy/migrate/", "deploy/embedded/", "libs/shared/ids.py"),
}
"""Folders that may import a client library; the embedded launchers ask their servers whether they are up."""


def test_every_module_can_be_imported() -> None:
    names = [module(path) for path in files(*PACKAGES)]
    assert len(names) > 200
    for order in (names, names[::-1]):
        script = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
        subprocess.run([sys.executable, "-c", script, *order], cwd=ROOT, check=True, timeout=60)


def test_every_module_can_be_imported_alone() -> None:
    # Nothing that a module needs needs that module, so whatever is imported first finds all it needs.
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    assert len(graph.modules) > 200
    assert len(order_of(graph)) == len(graph.modules)


@pytest.mark.parametrize(
    "contents",
    [
        {"a": "import leaning.b", "b": "from leaning.a import x"},
        {"part/__init__": "from leaning.part.a import x", "part/a": "import leaning.b", "b": "import leaning.part.c"},
    ],
    ids=["each other", "by way of a package"],
)
def test_import_circles_are_detected(contents: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for stem, text in {"__init__": "", "part/__init__": "", "part/c": "", **contents}.items():
        path = tmp_path / "leaning" / f"{stem}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(graphlib.CycleError):
        order_of(grimp.build_graph("leaning", cache_dir=None))


def order_of(graph: grimp.ImportGraph) -> list[str]:
    """All modules, each behind those it needs. Raises CycleError.

    Importing a module runs its packages first, except those that contain the importer: they have run already.
    """
    needs: dict[str, set[str]] = {}
    for each in graph.modules:
        found = graph.find_modules_directly_imported_by(each)
        packages = {package for needed in found for package in packages_of(needed)} & graph.modules
        needs[each] = found | (packages - {each, *packages_of(each)})
    return list(graphlib.TopologicalSorter(needs).static_order())


def packages_of(dotted: str) -> list[str]:
    """The packages that a module is in, from within."""
    parts = dotted.split(".")
    return [".".join(parts[:length]) for length in range(len(parts) - 1, 0, -1)]


@pytest.mark.parametrize("library", DOORS)
def test_client_libraries_are_imported_in_one_place(library: str) -> None:
    users = [name(path) for path in files(*PACKAGES) if library in imported(parse(path))]
    assert any(user.startswith(DOORS[library]) for user in users)
    assert [user for user in users if not user.startswith(DOORS[library])] == []
