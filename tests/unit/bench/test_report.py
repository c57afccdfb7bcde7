"""From samples to the document."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.load.outcome import Outcome
from bench.markdown import number, section, table
from bench.operations import OPERATIONS, Operation
from bench.processes import Memory
from bench.report import ratio_cell, render
from bench.results import Results, Sample
from bench.settings import Plan, parse
from bench.starting import Start
from bench.statistics import Ratio

SYSTEMS = ("rocket", "limit", "pocketbase", "database")
PLAN = Plan(rounds=7)


def sample(number_of_round: int, system: str, operation: Operation, rate: float) -> Sample:
    outcome = Outcome(requests=int(rate), seconds=1.0, median_ms=2.0, p99_ms=7.0, bytes_per_answer=600.0)
    return Sample(number_of_round, system, operation, outcome, {"data": 0.1, "postgres": 0.3}, 0.1, 0.25)


@pytest.fixture
def results() -> Results:
    """Seven rounds; rocket has half of the limit's rate and all of the peer's, more or less."""
    rates = {"rocket": 1000.0, "limit": 2000.0, "pocketbase": 1000.0, "database": 9000.0}
    return Results(
        about={"command": "make bench", "processor": "a fast one"},
        samples=[
            sample(n, system, operation, rate * (1 + 0.1 * (n % 3 - 1) * (system == "pocketbase")))
            for n in range(1, 8)
            for operation in OPERATIONS
            for system, rate in rates.items()
        ],
        idle=dict.fromkeys(SYSTEMS, 0.02),
        between=dict.fromkeys(SYSTEMS, 1.4),
        memory={"rocket, before": {"data": Memory(60 << 20, 20 << 20), "nats": Memory(30 << 20, 30 << 20)}},
        starts={"rocket: data": Start(0.3, 0.1)},
    )


def test_ratios_come_first_with_their_significance(results: Results) -> None:
    text = render(results, PLAN)

    assert text.index("## Ratios") < text.index("## Figures") < text.index("## How it was measured")
    assert "| get | 0.50 (0.50–0.50) | 1.00 (0.91–1.11), not distinguishable | 0.11 (0.11–0.11) |" in text
    assert "Every request of every round was answered with success." in text
    assert "a fast one" in text


def test_figures_are_medians_with_their_range(results: Results) -> None:
    assert "| get | pocketbase | 1,000 | 900–1,100 | 400 | 100 | 2 | 7 | 600 | 7 |" in render(results, PLAN)


def test_a_failure_voids_its_round_for_all_systems(results: Results) -> None:
    bad = results.samples[0]
    results.samples[0] = replace(bad, outcome=replace(bad.outcome, failures={"status 503": 3}))

    assert (bad.round, bad.operation) == (1, "get")
    assert [s.round for s in results.valid("limit", "get")] == [2, 3, 4, 5, 6, 7]
    assert len(results.valid("limit", "list")) == 7
    ratio = results.ratio("rocket", "limit", "get")
    assert ratio is not None
    assert ratio.pairs == 6
    assert "- round 1, get: rocket: 3 × status 503" in render(results, PLAN)


def test_results_without_a_single_valid_round_are_shown_as_such(results: Results) -> None:
    results.samples = [replace(s, outcome=replace(s.outcome, failures={"x": 1})) for s in results.samples]

    assert "| get | – | – | – |" in render(results, PLAN)


def test_processor_time_is_told_per_part(results: Results) -> None:
    text = render(results, PLAN)

    assert "| data | 100 | 100 | 100 | 100 |" in text
    assert "| postgres | 300 | 300 | 300 | 300 |" in text


def test_memory_adds_up_to_the_system(results: Results) -> None:
    assert "| **rocket** | 90 MB | 50 MB | 0 MB | 0 MB |" in render(results, PLAN)


def test_all_results_are_written_as_json(results: Results, tmp_path: Path) -> None:
    results.write(tmp_path / "results" / "latest.json")

    kept = json.loads((tmp_path / "results" / "latest.json").read_text())
    assert len(kept["samples"]) == 7 * 4 * 4
    assert kept["samples"][0]["outcome"]["requests"] == 1000
    assert kept["voids"] == []
    first = kept["ratios"][0]
    assert (first["operation"], first["theirs"], first["of"], first["pairs"]) == ("get", "limit", "rate", 7)
    assert first["value"] == pytest.approx(0.5)


def test_a_ratio_in_a_table() -> None:
    assert ratio_cell(None) == "–"
    assert ratio_cell(Ratio(0.5, 0.4, 0.6, 7)) == "0.50 (0.40–0.60)"
    assert ratio_cell(Ratio(0.5, 0.4, 0.6, 2)) == "0.50 (0.40–0.60), too few rounds"


def test_markdown() -> None:
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | ---: |\n| 1 | 2 |"
    assert [number(value) for value in (0, 0.123, 12.3, 12345.6)] == ["–", "0.12", "12", "12,346"]
    assert section("Title", "", "text") == "## Title\n\ntext"


def test_only_a_whole_run_is_published() -> None:
    assert parse([]).is_published
    assert not parse(["--rounds", "6"]).is_published
    assert not parse(["--quick"]).is_published
    assert not parse(["--systems", "rocket", "limit"]).is_published
    assert "short or partial run" in render(Results(), parse(["--quick"]))


def test_a_report_names_the_command_that_repeats_it() -> None:
    assert parse([]).command() == "make bench ROUNDS=7 SECONDS=3"
    plan = parse(["--rounds", "2", "--seconds", "0.5", "--systems", "rocket", "limit", "--seed", "9"])
    assert plan.command() == 'make bench ROUNDS=2 SECONDS=0.5 ARGS="--systems rocket limit --seed 9"'
