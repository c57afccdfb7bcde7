"""A Docker daemon: the one that runs, or one of our own that leaves the machine as it was."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.deploy.compose.docker import Docker, Skip, run, say

START_SECONDS = 30.0
STOP_SECONDS = 30.0
DRIVERS = ("overlay2", "vfs")
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


def running_daemon() -> Docker | None:
    """The daemon that answers, if one does."""
    docker = Docker()
    return docker if docker.answers() else None


def unmount_below(folder: Path) -> None:
    """What an ended daemon, or an interrupted debootstrap, has left mounted there."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((m for m in mounts if m.startswith(f"{folder}/")), reverse=True):
        run(["umount", "--lazy", mount])


@contextlib.contextmanager
def own_daemon(folder: Path) -> Iterator[Docker]:
    """A daemon with all its data in `folder`. Raises Skip when none can be started."""
    if os.geteuid() != 0:
        raise Skip("there is no Docker daemon that can pull images, and only root can start one")
    for program in ("docker", "dockerd", "iptables-save", "iptables-restore"):
        if shutil.which(program) is None:
            raise Skip(f"there is no {program} (Debian: apt-get install docker.io docker-compose debootstrap iptables)")
    with _network_restored(), contextlib.ExitStack() as stopping:
        yield _start(folder, stopping)


def _start(folder: Path, stopping: contextlib.ExitStack) -> Docker:
    """With the first storage driver that works on this machine."""
    words = ""
    for driver in DRIVERS:
        daemon = _Daemon(folder / driver, driver)
        stopping.callback(daemon.stop)
        if daemon.start():
            say(f"a Docker daemon of our own runs, storage driver {driver}")
            return daemon.docker
        words = daemon.last_words()
    raise Skip(f"dockerd does not start: {words}")


class _Daemon:
    def __init__(self, folder: Path, driver: str) -> None:
        folder.mkdir()
        self._folder = folder
        self._driver = driver
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self.docker = Docker(f"unix://{folder / 'socket'}")

    def start(self) -> bool:
        """Whether it answers in time."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *("dockerd", "--host", f"unix://{self._folder / 'socket'}", "--storage-driver", self._driver),
                    *("--data-root", str(self._folder / "data"), "--exec-root", str(self._folder / "exec")),
                    *("--pidfile", str(self._folder / "pid")),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us, who then stop it
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if self.docker.answers():
                return True
            time.sleep(0.2)
        return False

    def stop(self) -> None:
        """Ends it, and what it has mounted."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        unmount_below(self._folder)

    def last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it says nothing"


@contextlib.contextmanager
def _network_restored() -> Iterator[None]:
    """A daemon closes forwarding, adds rules and a bridge, and takes none of it back."""
    rules, forwarding = run(["iptables-save"]).stdout, FORWARDING.read_text()
    had_bridge = Path("/sys/class/net/docker0").exists()
    try:
        yield
    finally:
        if not had_bridge:
            run(["ip", "link", "delete", "docker0"])
        _restore(rules)
        FORWARDING.write_text(forwarding)


def _restore(rules: str) -> None:
    """Tables that were not there before are emptied."""
    for table, chains in (("filter", ("INPUT", "FORWARD", "OUTPUT")), ("nat", ("PREROUTING", "OUTPUT", "POSTROUTING"))):
        if f"*{table}" not in rules:
            rules += "\n".join([f"*{table}", *(f":{chain} ACCEPT [0:0]" for chain in chains), "COMMIT", ""])
    subprocess.run(["iptables-restore"], input=rules, text=True, check=False)
