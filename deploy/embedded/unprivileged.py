"""How a root supervisor runs Postgres, which refuses to run as root: as another user, behind closed folders.

That user is the owner of the data, if an ordinary user created it, otherwise `nobody`. It may be unable to pass
through the folders above the data (a clone in root's home, mode 0700). Nothing is opened for it: it inherits a
descriptor of the data folder, and `/proc/self/fd/<n>` leads there without checking the folders above.
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
class ProcessUser:
    """User, group and open folders of a started program; nothing is set for an ordinary user."""

    options: dict[str, Any] = field(default_factory=dict)
    """Arguments for `create_subprocess_exec`: user, group, extra_groups, pass_fds."""
    folder: Path = Path()
    """The folder's name for the program."""


@contextmanager
def identity(directory: Path, folder: Path) -> Iterator[ProcessUser]:
    """The account that runs Postgres over `directory`, with a descriptor of `folder` in it while a program starts.

    Raises CannotStart if there is no /proc.
    """
    if os.geteuid() != 0:
        yield ProcessUser(folder=folder)
        return
    if not DESCRIPTORS.exists():
        raise CannotStart("as root, Postgres needs /proc, or run as an ordinary user")
    user, group = account(directory)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        options = {"user": user, "group": group, "extra_groups": [], "pass_fds": [descriptor]}
        yield ProcessUser(options, DESCRIPTORS / str(descriptor))
    finally:
        os.close(descriptor)


def give_away(path: Path, directory: Path) -> None:
    """Under root, give a file or folder to the account that runs Postgres over `directory`."""
    if os.geteuid() == 0:
        os.chown(path, *account(directory))


def account(directory: Path) -> tuple[int, int]:
    """The numbers of user and group."""
    owner = directory.stat()
    if owner.st_uid != 0:
        return owner.st_uid, owner.st_gid
    entry = pwd.getpwnam(ACCOUNT)
    return entry.pw_uid, entry.pw_gid
