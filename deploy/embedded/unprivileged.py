"""How a root supervisor runs Postgres, which refuses to run as root: as another user, behind closed folders.

That user is the owner of the data, if an ordinary user has made it, and else `nobody`. It may be unable to pass
through the folders above the data (a clone in root's home, mode 0700). Nothing is opened for it: it inherits a
descriptor of the data folder, and `/proc/self/fd/<n>` leads from there without a look at what lies above.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.embedded.errors import CannotStart

ACCOUNT = "nobody"
DESCRIPTORS = Path("/proc/self/fd")


@dataclass(frozen=True)
class Identity:
    """As whom and with which open folders a program is started; nothing is set for an ordinary user."""

    options: dict[str, Any] = field(default_factory=dict)
    """Arguments for `create_subprocess_exec`: user, group, extra_groups, pass_fds."""
    folder: Path = Path()
    """The folder under the name by which the program reaches it."""


@contextmanager
def identity(directory: Path, folder: Path) -> Iterator[Identity]:
    """Who runs Postgres over the data in `directory`, with a way to `folder` in it while a program is started.

    Raises CannotStart where there is no /proc.
    """
    if os.geteuid() != 0:
        yield Identity(folder=folder)
        return
    if not DESCRIPTORS.exists():
        raise CannotStart("as root, Postgres needs /proc, or run as an ordinary user")
    user, group = account(directory)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        options = {"user": user, "group": group, "extra_groups": [], "pass_fds": [descriptor]}
        yield Identity(options, DESCRIPTORS / str(descriptor))
    finally:
        os.close(descriptor)


def give_away(path: Path, directory: Path) -> None:
    """Hands a file or folder of ours to the account that runs Postgres over `directory`, if this is root."""
    if os.geteuid() == 0:
        os.chown(path, *account(directory))


def account(directory: Path) -> tuple[int, int]:
    """Numbers of user and group."""
    owner = directory.stat()
    if owner.st_uid != 0:
        return owner.st_uid, owner.st_gid
    entry = pwd.getpwnam(ACCOUNT)
    return entry.pw_uid, entry.pw_gid
