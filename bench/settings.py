"""The arguments of a run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from bench.operations import CATEGORIES, INDEXES, OPERATIONS, Index, Operation

SYSTEMS = ("rocket", "limit", "pocketbase", "database")
FURTHER = ("permitted", "strangers", "untraced")
"""Systems that are measured only if they are named."""
UNSAID = ("rounds", "seconds", "folder", "former")
"""Arguments that the printed command expresses otherwise, or leaves out because they name local paths."""
PUBLISHED_FROM = 7
"""The least number of rounds for docs/benchmarks/README.md."""


@dataclass(frozen=True)
class Plan:
    """One run."""

    rounds: int = 7
    seconds: float = 3.0
    connections: int = 32
    rows: int = 10_000
    categories: int = CATEGORIES
    systems: Sequence[str] = SYSTEMS
    operations: Sequence[Operation] = OPERATIONS
    index: Index = "each"
    generator: str = "auto"
    seed: int = 1
    folder: Path | None = None
    former: Path | None = None

    def command(self) -> str:
        """The command that repeats the run, without defaults."""
        said = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in UNSAID}
        said["systems"] = [name for name in self.systems if name != "former"]
        changed = {name: value for name, value in said.items() if value != getattr(Plan, name)}
        if list(said["systems"]) == list(SYSTEMS):
            changed.pop("systems", None)
        if self.former is not None:
            changed["former"] = "DIRECTORY"
        arguments = " ".join(f"--{name} {_words(value)}" for name, value in changed.items())
        text = f"make bench ROUNDS={self.rounds} SECONDS={self.seconds:g}"
        return f'{text} ARGS="{arguments}"' if arguments else text

    @property
    def is_published(self) -> bool:
        """Whether its report replaces docs/benchmarks/README.md: only that of a complete run does."""
        usual = ("rows", "connections", "index", "categories")
        size = all(getattr(self, name) == getattr(Plan, name) for name in usual)
        whole = set(self.systems) == set(SYSTEMS) and set(self.operations) == set(OPERATIONS)
        return size and whole and self.rounds >= PUBLISHED_FROM


def _words(value: object) -> str:
    return " ".join(value) if isinstance(value, list | tuple) else str(value)


QUICK = Plan(rounds=1, seconds=0.5, connections=8, rows=300, generator="own")


def parse(arguments: Sequence[str] | None = None) -> Plan:
    """Parse the plan of a command line; `--quick` has the defaults of a smoke run."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measures Rocket, a peer and two limits.")
    parser.add_argument("--quick", action="store_true", help="a smoke run: small and short, its figures mean nothing")
    parser.add_argument("--rounds", type=int, help="paired rounds")
    parser.add_argument("--seconds", type=float, help="seconds per measurement")
    parser.add_argument("--connections", type=int, help="keep-alive connections of the load generator")
    parser.add_argument("--rows", type=int, help="rows of each table at the beginning")
    parser.add_argument("--categories", type=int, help="different lists that are asked for")
    parser.add_argument("--systems", nargs="+", choices=(*SYSTEMS, *FURTHER), help="the others are left out")
    parser.add_argument("--operations", nargs="+", choices=OPERATIONS, help="the others are left out")
    parser.add_argument("--index", choices=INDEXES, help="on filter and sort column: one each, or one over both too")
    parser.add_argument("--generator", choices=("auto", "own", "wrk"), help="auto: wrk where it is installed")
    parser.add_argument("--seed", type=int, help="of the order and of what is asked for")
    parser.add_argument("--folder", type=Path, help="where the data lies; default: a temporary folder")
    parser.add_argument("--former", type=Path, help="another checkout of Rocket, measured in the same rounds")
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    base = QUICK if given.pop("quick") else Plan()
    plan = Plan(**{**vars(base), **given})
    if plan.former is None:
        return plan
    return replace(plan, former=plan.former.absolute(), systems=[*plan.systems, "former"])
