"""Who may import whom: no cycles, every module by itself, and one door each to NATS and PostgreSQL."""

from __future__ import annotations

import graphlib
import json
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from tests.architecture.tree import PACKAGES, ROOT, files, imported, module, name, parse

DOORS = {
    "nats": ("libs/shared/bus/", "deploy/embedded/"),
    "asyncpg": ("libs/shared/postgres/", "deploy/migrate/", "deploy/embedded/"),
}
"""Folders that may import a client library; the embedded launchers ask their servers whether they are up."""


def test_every_module_can_be_imported_alone() -> None:
    names = [module(path) for path in files(*PACKAGES)]
    assert len(names) > 200
    command = [sys.executable, "-m", "tests.architecture.alone", *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=600)
    assert json.loads(done.stdout) == {}


def test_a_module_that_needs_another_first_is_found(tmp_path: Path) -> None:
    (tmp_path / "leaning_a.py").write_text("import leaning_b\nvalue = 1\n")
    (tmp_path / "leaning_b.py").write_text("from leaning_a import value\n")
    script = "import json, sys; sys.path.insert(0, sys.argv[1]); from tests.architecture import alone;"
    script += "alone.PACKAGES += ('leaning_a', 'leaning_b');"
    script += "print(json.dumps(sorted(alone.failures(['leaning_a', 'leaning_b']))))"
    command = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == ["leaning_a"]


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    assert len(graph.modules) > 200
    order = graphlib.TopologicalSorter({m: graph.find_modules_directly_imported_by(m) for m in graph.modules})
    assert len(list(order.static_order())) == len(graph.modules)


@pytest.mark.parametrize("library", DOORS)
def test_a_client_library_has_one_door(library: str) -> None:
    users = [name(path) for path in files(*PACKAGES) if library in imported(parse(path))]
    assert any(user.startswith(DOORS[library]) for user in users)
    assert [user for user in users if not user.startswith(DOORS[library])] == []
