"""`python -m bench.large [--rows 1000000]`: measures, and writes docs/benchmarks/large.md if the rows are enough."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import machine
from bench.large import measures
from bench.large.measures import Figure
from bench.large.world import opened
from bench.markdown import section, table

DOCUMENT = Path(__file__).parents[2] / "docs" / "benchmarks" / "large.md"
PUBLISHED_FROM = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.large", description="Measures what a million rows cost.")
    parser.add_argument("--rows", type=int, default=PUBLISHED_FROM, help="rows of the large table")
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="rocket-bench-") as name:
        Path(name).chmod(0o755)
        figures, about = asyncio.run(run(rows, Path(name)))
    text = render(rows, figures, about)
    if rows >= PUBLISHED_FROM:
        DOCUMENT.write_text(text, encoding="utf-8")
    print(text)


async def run(rows: int, folder: Path) -> tuple[list[Figure], dict[str, str]]:
    """All measurements, one after the other, and the machine."""
    about = machine.describe(folder)
    async with opened(folder) as world:
        steps: dict[str, Callable[[], Awaitable[list[Figure]]]] = {
            "bulk": lambda: measures.bulk(world, rows, tell),
            "settled": lambda: measures.settled(world, tell),
            "nested": lambda: measures.nested(world, tell),
            "include": lambda: measures.include(world, tell),
            "pages": lambda: measures.pages(world, rows, tell),
            "aggregates": lambda: measures.aggregates(world, tell),
            "export": lambda: measures.export(world, rows, tell),
            "replays": lambda: measures.replays(world, tell),
        }
        figures = []
        for name, measure in steps.items():
            tell(name)
            figures += await measure()
    return figures, about


def render(rows: int, figures: list[Figure], about: dict[str, str]) -> str:
    """The document."""
    lines = [(f.what, f.ours, f.other, f"{f.ratio:.2f} ({f.meaning})" if f.meaning else "") for f in figures]
    return (
        "\n\n".join(
            [
                "# Large tables and large writes",
                f"Written by `python -m bench.large --rows {rows}`, not by hand: {rows:,} rows of six columns, an "
                "index on one. One client, one request at a time; times are medians. A ratio of rates is better the "
                "larger it is, one of times the smaller.",
                table(["what", "Rocket", "the other", "ratio"], lines),
                section("Where", table(["what", "this run"], list(about.items()), left=2)),
            ]
        )
        + "\n"
    )


def tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
