"""`make run` in folders that only their owner may enter, such as a checkout in root's home."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.embedded import programs, unprivileged
from tests.support.checkout import ROOT

SOURCES = ("deploy", "libs", "services", "app.yaml")
as_root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs Postgres as another user")


def a_clone(folder: Path) -> Path:
    """The checkout and the wheel of Postgres, copied into a closed folder with an odd name."""
    closed = folder / "it's closed $HOME"
    closed.mkdir(mode=0o700)
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, closed / name)
    site = programs.binaries().parents[2]
    for found in site.glob(f"{programs.PACKAGE}*"):
        shutil.copytree(found, closed / "site" / found.name, symlinks=True)
    return closed


def without_passing_through_folders() -> list[str]:
    """Root as in a container: without the capability to pass through other users' folders as another user."""
    return ["setpriv", "--bounding-set", "-dac_read_search", "--"] if shutil.which("setpriv") else []


@as_root_only
async def test_root_runs_in_a_folder_of_mode_0700(tmp_path: Path) -> None:
    """It leaves one thing behind, as `make run` does: the copy of Postgres's programs."""
    closed = a_clone(tmp_path)
    variables = {"PYTHONPATH": str(closed / "site"), "PORT": "0", "DATA_DIR": "", "ROCKET_BCRYPT_ROUNDS": "4",
                 "ROCKET_ADMIN_BUILD": "false"}  # fmt: skip
    running = await asyncio.create_subprocess_exec(
        *(*without_passing_through_folders(), sys.executable, "-m", "deploy.embedded"),
        cwd=closed,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert running.stdout is not None
    said = b""
    async with asyncio.timeout(180):
        while b"access_token" not in said and (line := await running.stdout.readline()):
            said += line
    if running.returncode is None:
        running.send_signal(signal.SIGINT)
    said += await running.stdout.read()
    assert await running.wait() == 0, said.decode(errors="replace")
    assert b"access_token" in said
    owner = unprivileged.account(closed / ".rocket" / "postgres")
    assert (closed / ".rocket" / "postgres" / "cluster").stat().st_uid == owner[0] != 0
    modes = [
        stat.S_IMODE(path.stat().st_mode) for path in (closed, closed / ".rocket", closed / ".rocket" / "postgres")
    ]
    assert not any(mode & (stat.S_IRWXG | stat.S_IRWXO) for mode in modes), modes


@as_root_only
def test_linked_programs_are_found_by_a_reachable_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that is kept elsewhere and linked into a closed clone: `ln -s /opt/venv .venv`."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    site = programs.binaries().resolve().parents[2]
    (closed / "site").symlink_to(site)
    monkeypatch.setattr(programs, "binaries", lambda: closed / "site" / programs.PACKAGE / "pginstall" / "bin")
    found = programs.reachable()
    user, group = unprivileged.account(closed)
    done = subprocess.run(
        [str(found / "initdb"), "--version"], user=user, group=group, extra_groups=[], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
