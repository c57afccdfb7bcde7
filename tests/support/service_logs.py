"""Hooks of pytest: the report of a failed test shows what the services logged since the test began."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

MAX_LINES = 200
"""Lines that are shown per service: the last ones."""
TITLE = "Services' logs since the test began"


class ServiceLogs:
    """The log files of the running systems, and how long each was when the current test began."""

    def __init__(self) -> None:
        self._starts: dict[Path, int] = {}
        self._closed: set[Path] = set()

    def open(self, path: Path) -> None:
        """Adds the log of a system that starts."""
        self._starts[path] = 0

    def skip_start(self, path: Path) -> None:
        """Leaves out what was logged while the system started, as it started well."""
        self._starts[path] = _size(path)

    def close(self, path: Path) -> None:
        """Removes a log when the current test ends: the test may still fail."""
        self._closed.add(path)

    def mark(self) -> None:
        """Remembers the current length of each log."""
        self._starts = {path: _size(path) for path in self._starts if path not in self._closed}
        self._closed.clear()

    def added(self) -> str:
        """The lines that were written since `mark`, at most `MAX_LINES` per service."""
        return "\n".join(part for path, start in self._starts.items() if (part := _tail(path, start)))


LOGS = ServiceLogs()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Marks the logs before each test."""
    LOGS.mark()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds the logs to the report of a failed phase of a test."""
    report = yield
    if report.failed and (text := LOGS.added()):
        report.sections.append((TITLE, text))
    return report


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _tail(path: Path, start: int) -> str:
    """Lines are `service | text`, see deploy/embedded/console.py; their order is kept."""
    if not path.exists():
        return ""
    with path.open("rb") as log:
        log.seek(start)
        lines = log.read().decode(errors="replace").splitlines()
    kept: list[str] = []
    counts: Counter[str] = Counter()
    for line in reversed(lines):
        service = line.partition("|")[0]
        counts[service] += 1
        if counts[service] <= MAX_LINES:
            kept.append(line)
    kept += [
        f"{service}| … {count - MAX_LINES} earlier lines" for service, count in counts.items() if count > MAX_LINES
    ]
    return "\n".join(reversed(kept))
