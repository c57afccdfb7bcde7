"""Processor time and memory of processes and all their descendants, from /proc (Linux)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
STABLE_AFTER = 5
"""The largest number of looks, if processes keep ending between two of them."""

Parts = Mapping[str, Sequence[int]]
"""Part of a system → its processes; their descendants belong to it."""


@dataclass(frozen=True, slots=True)
class Stat:
    """One line of /proc/<pid>/stat; times in clock ticks."""

    pid: int
    name: str
    parent: int
    own: int
    """User and system time of all threads, ended ones included."""
    ended_children: int
    """The same of children that have ended and were waited for."""
    started: int
    """Ticks between the machine's boot and its start."""

    @property
    def cpu_seconds(self) -> float:
        """Processor time of the process and of its ended children."""
        return (self.own + self.ended_children) / TICKS_PER_SECOND

    @classmethod
    def parse(cls, line: str) -> Stat:
        """Parse the kernel's text; a process's name may hold blanks and parentheses."""
        pid, _, rest = line.partition(" (")
        name, _, tail = rest.rpartition(") ")
        fields = tail.split()
        own, ended = int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])
        return cls(int(pid), name, int(fields[1]), own, ended, int(fields[19]))


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes: `rss` counts shared pages in every process, `pss` each page once, divided among its users."""

    rss: int = 0
    pss: int = 0

    def __add__(self, other: Memory) -> Memory:
        return Memory(self.rss + other.rss, self.pss + other.pss)

    @classmethod
    def parse(cls, text: str) -> Memory:
        """Parse /proc/<pid>/smaps_rollup, which counts in kB."""
        sizes = {line.split()[0]: line.split()[1] for line in text.splitlines() if line.endswith(" kB")}
        return cls(int(sizes["Rss:"]) * 1024, int(sizes["Pss:"]) * 1024)


def family(roots: Iterable[int], everybody: Mapping[int, Stat], apart: Iterable[int] = ()) -> list[Stat]:
    """The processes `roots` and their descendants, without those of `apart` and their descendants."""
    known = [everybody[pid] for pid in roots if pid in everybody]
    seen = {stat.pid for stat in known} | set(apart)
    children: dict[int, list[Stat]] = {}
    for stat in everybody.values():
        children.setdefault(stat.parent, []).append(stat)
    for stat in known:  # grows during the iteration
        new = [child for child in children.get(stat.pid, ()) if child.pid not in seen]
        seen.update(child.pid for child in new)
        known += new
    return known


def cpu_seconds(parts: Parts) -> dict[str, float]:
    """Processor time so far, per part: its processes, their descendants, and ended ones.

    A process that ends moves its time to its parent. If two looks agree, none has ended between them.
    """
    before = _families(parts)
    for _ in range(STABLE_AFTER):
        after = _families(parts)
        if _ended(before) == _ended(after):
            break
        before = after
    return {name: sum(stat.cpu_seconds for stat in stats) for name, stats in before.items()}


def memory(parts: Parts) -> dict[str, Memory]:
    """The memory of each part's living processes."""
    return {name: sum(map(_memory_of, stats), Memory()) for name, stats in _families(parts).items()}


def parent(pid: int) -> int:
    """The parent of `pid`. Raises ProcessLookupError."""
    return stat_of(pid).parent


def stat_of(pid: int) -> Stat:
    """The process's stat line. Raises ProcessLookupError if there is no such process."""
    text = _read(PROC / str(pid) / "stat")
    if not text:
        raise ProcessLookupError(f"no process {pid}")
    return Stat.parse(text)


def age(stat: Stat) -> float:
    """Seconds since a process started."""
    return float((PROC / "uptime").read_text().split()[0]) - stat.started / TICKS_PER_SECOND


def everybody() -> dict[int, Stat]:
    """All processes of the machine."""
    texts = (_read(PROC / name / "stat") for name in os.listdir(PROC) if name.isdigit())
    stats = (Stat.parse(text) for text in texts if text)
    return {stat.pid: stat for stat in stats}


def _families(parts: Parts) -> dict[str, list[Stat]]:
    """The processes of each part; a part of its own is not counted again with its parent."""
    running, roots = everybody(), [pid for pids in parts.values() for pid in pids]
    return {name: family(pids, running, apart=roots) for name, pids in parts.items()}


def _ended(families: Mapping[str, Sequence[Stat]]) -> list[tuple[int, int]]:
    return [(stat.pid, stat.ended_children) for stats in families.values() for stat in stats]


def _memory_of(stat: Stat) -> Memory:
    text = _read(PROC / str(stat.pid) / "smaps_rollup")
    return Memory.parse(text) if text else Memory()


def _read(path: Path) -> str:
    """A file of /proc; empty if its process has ended or is not readable for us."""
    try:
        return path.read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""
