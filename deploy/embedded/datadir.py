"""The folder that holds everything one embedded stack keeps, and the lock that makes it one."""

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
"""What every process of a stack is started with: nobody else reads what it writes."""
OURS = ("files", "nats", "nats-config", "nats-issuer", "postgres", "nats.log", "postgres.log")
"""What older versions have left readable for others."""


@contextmanager
def held(data_dir: Path) -> Iterator[Path]:
    """Makes the folder if need be and holds its lock; a second supervisor is refused with CannotStart.

    The lock is the kernel's: it goes with the process however that ends.
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
    """Writes a file with mode 0600 in one step: readers see the old content or the new, never half."""
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
    """Takes others' rights from what lies in the folder; the folder itself is the caller's if it was there before."""
    for name in OURS:
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
