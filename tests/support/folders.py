"""Where tests keep their folders: in memory, where there is plenty of it.

A system of a test has a thousand files per app, and making them costs a file system several times what it
costs memory. Nothing that tests assert depends on it: what is killed are processes, not the machine.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH = 16 * 1024**3
"""Bytes that must be free: a whole run of two workers takes nine gigabytes."""


def fast_root() -> Path | None:
    """A folder in memory with room for a run's folders, if the machine has one where programs may run."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ENOUGH or _available() < ENOUGH:
        return None
    return None if os.statvfs(MEMORY).f_flag & os.ST_NOEXEC else MEMORY


def _available() -> int:
    """Bytes of memory that can be taken without swapping; 0 where the kernel does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), 0)
