"""How a root supervisor runs Postgres, which refuses to run as root: as somebody else, by setpriv.

That is the owner of the data, if an ordinary user has made it, and else `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from pathlib import Path

from deploy.embedded.errors import CannotStart

ACCOUNT = "nobody"


def command_prefix(binaries: Path, directory: Path) -> list[str]:
    """What to put before a Postgres command; empty for an ordinary user.

    Only when a folder on the way to the binaries or the data is closed to others (a checkout
    under /root, say), Postgres gets the capability to pass through folders and read files.
    Raises CannotStart where that can't work.
    """
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        raise CannotStart("as root, Postgres needs setpriv (package util-linux), or run as an ordinary user")
    server = binaries / "postgres"
    if not server.stat().st_mode & stat.S_IXOTH:
        raise CannotStart(f"{server} can't be run by others: reinstall the environment with umask 022")
    user, group = _account(directory)
    prefix = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]
    if not (_reachable(binaries) and _reachable(directory)):
        prefix += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return [*prefix, "--"]


def give_away(path: Path, directory: Path) -> None:
    """Hands a file or folder of ours to the account that runs Postgres over `directory`, if this is root."""
    if os.geteuid() == 0:
        os.chown(path, *_account(directory))


def _account(directory: Path) -> tuple[int, int]:
    """Numbers of user and group."""
    owner = directory.stat()
    if owner.st_uid != 0:
        return owner.st_uid, owner.st_gid
    account = pwd.getpwnam(ACCOUNT)
    return account.pw_uid, account.pw_gid


def _reachable(path: Path) -> bool:
    """Whether others may pass through every folder above `path`."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)
