"""`python -m bench.webhooks`: one run and what it says."""

from __future__ import annotations

import asyncio
import sys
from statistics import median

from bench.__main__ import folder_of, tell
from bench.webhooks.measuring import run
from bench.webhooks.settings import parse

LEAST_THROUGHPUT, MOST_LATENCY = 0.9, 1.5
"""What good endpoints may lose beside bad ones: deliveries per processor second, and p99, as ratios."""


def main() -> int:
    """0 when all deliveries have arrived, whatever the ratios."""
    plan = parse()
    with folder_of(None) as folder:
        rounds = asyncio.run(run(plan, folder, tell))
    throughput = median(ailing.per_cpu_second / sound.per_cpu_second for sound, ailing in rounds)
    latency = median(ailing.p99 / sound.p99 for sound, ailing in rounds)
    tell(
        f"{plan.endpoints} endpoints, {plan.bad:.0%} bad, {len(rounds)} rounds, medians of ratios (some bad : none bad)"
    )
    tell(f"deliveries per processor second: {throughput:.2f} (goal: at least {LEAST_THROUGHPUT})")
    tell(f"p99 from commit to arrival: {latency:.2f} (goal: at most {MOST_LATENCY})")
    return int(any(part.deliveries < part.expected for both in rounds for part in both))


if __name__ == "__main__":
    sys.exit(main())
