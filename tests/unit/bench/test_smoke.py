"""The harness itself, small and short: everything starts, answers, is counted and told. No figure is judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench import rounds
from bench.measuring import run
from bench.report import render
from bench.settings import QUICK

# PocketBase is installed by `make bench` only
SYSTEMS = ("rocket", "limit", "database", "former")
THIS = Path(__file__).parents[3]
PLAN = replace(QUICK, rows=60, seconds=0.2, connections=4, systems=SYSTEMS, operations=("list", "update"), former=THIS)


async def test_a_quick_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Beside other tests a system hardly gets calm, and nothing here depends on it.
    monkeypatch.setattr(rounds, "CALM_AT_LAST", 1.0)
    heard: list[str] = []

    results = await run(PLAN, tmp_path, heard.append)

    assert not results.voids(), heard
    for operation in PLAN.operations:
        for system in SYSTEMS:
            assert results.valid(system, operation)[0].outcome.requests > 0
    assert results.memory["rocket, after"]["gateway"].pss > 0
    assert results.starts["rocket: data"].seconds > 0
    assert "| list | limit |" in render(results, PLAN)
    assert "rocket / former" in render(results, PLAN)
