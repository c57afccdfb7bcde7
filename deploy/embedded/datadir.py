"""The data folder of one embedded stack, and the lock that keeps a second stack out."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.embedded.errors import CannotStart

LOCK_NAME = "supervisor.lock"
PRIVATE_UMASK = 0o077
"""The umask of every process of a stack: other users can't read its files."""
STATE_ENTRIES = ("files", "nats", "nats-config", "nats-issuer", "postgres", "nats.log", "postgres.log")
"""Files that older versions left readable for others."""


@contextmanager
def held(data_dir: Path) -> Iterator[Path]:
    """Create the folder if it is missing, and hold its lock. Raises CannotStart if another supervisor holds it.

    The kernel releases the lock when the process ends, however it ends.
    """
    _make_writable(data_dir)
    _close_to_others(data_dir)
    descriptor = os.open(data_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, data_dir)
        yield data_dir
    finally:
        os.close(descriptor)


def write_private(path: Path, content: str) -> None:
    """Write a file with mode 0600 atomically: readers see the old content or the new."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _make_writable(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"DATA_DIR={data_dir}: cannot be made: {error.strerror}") from None
    if not os.access(data_dir, os.W_OK | os.X_OK, effective_ids=True):
        raise CannotStart(f"DATA_DIR={data_dir}: is not writable for this user")


def _close_to_others(data_dir: Path) -> None:
    """Remove other users' rights from the folder's content; the folder itself keeps its mode if it existed before."""
    for name in STATE_ENTRIES:
        path = data_dir / name
        with contextlib.suppress(FileNotFoundError, PermissionError):
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~PRIVATE_UMASK)


def _lock(descriptor: int, data_dir: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode() or "unknown"
        raise CannotStart(f"DATA_DIR={data_dir}: in use by another supervisor (process {holder})") from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
