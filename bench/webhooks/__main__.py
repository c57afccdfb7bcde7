"""`python -m bench.webhooks`: one run and its report."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from statistics import median

from bench.__main__ import folder_of, tell
from bench.webhooks.measuring import Pair, Results, run
from bench.webhooks.settings import parse

AT_LEAST, AT_MOST = "at least 0.9", "at most 1.5"
"""What good endpoints may lose because of bad ones: deliveries per processor second, and p99, as ratios."""


def main() -> int:
    """Return 0 if all deliveries have arrived, whatever the ratios."""
    plan = parse()
    with folder_of(None) as folder:
        results = asyncio.run(run(plan, folder, tell))
    tell(
        f"{plan.endpoints} endpoints, {plan.bad:.0%} bad; some bad : none bad, medians of {len(results.rounds)} rounds"
    )
    tell(_told("deliveries per processor second of the service", results, lambda pair: pair.service_ratio, AT_LEAST))
    tell(_told("deliveries per processor second of the system", results, lambda pair: pair.system_ratio, AT_LEAST))
    tell(_told("p99 from commit to arrival", results, lambda pair: pair.p99_ratio, AT_MOST))
    measured = [part for pair in (results.opening, *results.rounds) for part in (pair.sound, pair.ailing)]
    return int(any(part.deliveries < part.expected for part in measured))


def _told(what: str, results: Results, ratio: Callable[[Pair], float], goal: str) -> str:
    found = sorted(map(ratio, results.rounds))
    spread = f"{found[0]:.2f}–{found[-1]:.2f}"
    return f"{what}: {median(found):.2f} ({spread}; goal: {goal}), while circuits open: {ratio(results.opening):.2f}"


if __name__ == "__main__":
    sys.exit(main())
