"""The harness itself, small and short: everything starts, answers, is counted and told. No figure is judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.measuring import run
from bench.report import render
from bench.settings import QUICK

# PocketBase is installed by `make bench` only
SYSTEMS = ("rocket", "limit", "database")
PLAN = replace(QUICK, rows=60, seconds=0.2, connections=4, systems=SYSTEMS, operations=("list", "update"))


async def test_a_quick_run(tmp_path: Path) -> None:
    heard: list[str] = []

    results = await run(PLAN, tmp_path, heard.append)

    assert not results.voids(), heard
    for operation in PLAN.operations:
        for system in SYSTEMS:
            assert results.valid(system, operation)[0].outcome.requests > 0
    assert results.memory["rocket, after"]["gateway"].pss > 0
    assert results.starts["rocket: data"].seconds > 0
    assert "| list | limit |" in render(results, PLAN)
