"""The layer contracts of pyproject.toml hold, and each fails for an import from its lowest layer to its highest."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import grimp
import pytest
from importlinter.contracts.layers import LayersContract

from tests.architecture.tree import PACKAGES
from tests.support.checkout import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
LAYERED = [contract for contract in SETTINGS["contracts"] if contract["type"] == "layers"]
SEPARATORS = re.compile(r"\s*[|:]\s*")


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, exclude_type_checking_imports=False, cache_dir=None)


@pytest.mark.parametrize("settings", LAYERED, ids=[contract["id"] for contract in LAYERED])
def test_a_forbidden_import_breaks_the_contract(settings: dict[str, Any], graph: grimp.ImportGraph) -> None:
    options = {key: str(value) if isinstance(value, bool) else value for key, value in settings.items()}
    contract = LayersContract(settings["name"], {"root_packages": list(PACKAGES)}, options)
    assert contract.check(graph, verbose=False).kept
    lowest, highest = (_member(settings, layer) for layer in (settings["layers"][-1], settings["layers"][0]))
    graph.add_import(importer=lowest, imported=highest)
    try:
        assert not contract.check(graph, verbose=False).kept
    finally:
        graph.remove_import(importer=lowest, imported=highest)


def _member(settings: dict[str, Any], layer: str) -> str:
    """The first module of a layer."""
    [container, *_] = settings.get("containers", [""])
    name = SEPARATORS.split(layer)[0].strip("() ")
    return f"{container}.{name}" if container else name
