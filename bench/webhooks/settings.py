"""The arguments of a run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """One run. `warmup` is the number of writes to each entity before the measurement, in which circuits open."""

    endpoints: int = 1_000
    entities: int = 10
    bad: float = 0.1
    rounds: int = 6
    seconds: float = 10.0
    rate: float = 2.0
    warmup: int = 12

    @property
    def writes(self) -> int:
        """Writes to each entity in one round."""
        return max(1, round(self.seconds * self.rate / self.entities))


QUICK = Plan(endpoints=40, entities=2, rounds=1, seconds=2.0, rate=2.0, warmup=2)


def parse(arguments: Sequence[str] | None = None) -> Plan:
    """Parse the plan of a command line; `--quick` has the defaults of a smoke run."""
    parser = argparse.ArgumentParser(prog="python -m bench.webhooks", description="Good endpoints beside bad ones.")
    parser.add_argument("--quick", action="store_true", help="a smoke run: small and short, its figures mean nothing")
    parser.add_argument("--endpoints", type=int, help="webhooks of each app")
    parser.add_argument("--entities", type=int, help="entities that they are spread over")
    parser.add_argument("--bad", type=float, help="share of endpoints that fail (one half) or hang (the other)")
    parser.add_argument("--rounds", type=int, help="paired rounds")
    parser.add_argument("--seconds", type=float, help="seconds of writing per round and system")
    parser.add_argument("--rate", type=float, help="writes a second")
    parser.add_argument("--warmup", type=int, help="writes to each entity before anything is measured")
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    base = QUICK if given.pop("quick") else Plan()
    return Plan(**{**vars(base), **given})
