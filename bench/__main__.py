"""`make bench`: one run and its report."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import report
from bench.measuring import run
from bench.settings import parse

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results"
DOCUMENT = ROOT / "docs" / "benchmarks" / "README.md"


def main() -> None:
    plan = parse()
    with folder_of(plan.folder) as folder:
        results = asyncio.run(run(plan, folder, tell))
    results.write(RESULTS / "latest.json")
    text = report.render(results, plan)
    (RESULTS / "latest.md").write_text(text, encoding="utf-8")
    if plan.is_published:
        DOCUMENT.write_text(text, encoding="utf-8")
    tell(f"\n{text}")


def tell(line: str) -> None:
    print(line, flush=True)


@contextlib.contextmanager
def folder_of(wish: Path | None) -> Iterator[Path]:
    """The data folder of the run. Postgres may run as another user, who must be able to reach it."""
    if wish is not None:
        wish.mkdir(parents=True, exist_ok=True)
        yield wish.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="rocket-bench-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


if __name__ == "__main__":
    main()
