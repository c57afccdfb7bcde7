"""The only adapter to features of Linux: process descriptors, and signals at the death of a parent."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from deploy.embedded.errors import CannotStart

PR_SET_PDEATHSIG = 1


def require_linux() -> None:
    """Raise CannotStart where services can't be forked and supervised: on other systems, or before Linux 5.3."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        raise CannotStart(
            f"services can be supervised on Linux only, not on {sys.platform}: "
            "elsewhere use `docker compose --file deploy/compose.yaml up`"
        )


def open_process(pid: int) -> int:
    """A descriptor that gets readable when the process ends."""
    return os.pidfd_open(pid)


def die_with_parent(parent: int) -> None:
    """Have the kernel send SIGKILL to this process when `parent` dies; exit if it is dead already."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it died between fork and prctl
