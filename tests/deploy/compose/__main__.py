"""Finds a daemon and the images, and plays the scenario."""

from __future__ import annotations

import contextlib
import signal
import sys
import tempfile
from pathlib import Path

from tests.deploy.compose import scenario, standins
from tests.deploy.compose.daemon import own_daemon, running_daemon, unmount_below
from tests.deploy.compose.docker import Docker, Skip
from tests.deploy.compose.stack import Stack


def main() -> int:
    """0: it works, or it can't be tried here."""
    with contextlib.ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="rocket-compose-")))
        cleanup.callback(unmount_below, folder)
        try:
            docker = running_daemon()
            build_image = ""
            if docker is None or not standins.pulled(docker):
                standins.check()
                docker = cleanup.enter_context(own_daemon(folder))
                build_image = standins.make(docker, folder)
        except Skip as reason:
            print(f"SKIP test-compose: {reason}")
            return 0
        return _play(docker, folder, build_image)


def _play(docker: Docker, folder: Path, build_image: str) -> int:
    stack = Stack(docker, folder)
    try:
        scenario.play(stack, build_image)
    except AssertionError as failure:
        print(stack.logs())
        print(f"FAILED test-compose: {failure}")
        return 1
    finally:
        stack.remove()
    print("ok   test-compose")
    return 0


if __name__ == "__main__":
    # asked to end, we clean up as after Ctrl-C
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
