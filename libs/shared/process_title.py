"""Titles of processes, so that `ps`, `top` and `pkill -f` show which service each one is."""

from __future__ import annotations

import setproctitle

PREFIX = "rocket: "


def set_process_title(role: str) -> None:
    """Title this process `rocket: <role>`: a service, supervisor, forkserver or migrate."""
    setproctitle.setproctitle(f"{PREFIX}{role}")
