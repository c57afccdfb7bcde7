"""The docker command against one daemon."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_began = time.monotonic()


class Skip(Exception):
    """It can't be tried here; the message says why."""


def say(text: str) -> None:
    """One line of progress, with the seconds since the start."""
    print(f"{time.monotonic() - _began:6.1f} s  {text}", flush=True)


def run(
    command: Sequence[str], environment: Mapping[str, str] | None = None, timeout: float = 600
) -> subprocess.CompletedProcess[str]:
    """A command to its end, with output and errors as one text."""
    return subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )


def compose_command() -> list[str] | None:
    """docker-compose (1.29 or 2) or docker's plugin; COMPOSE="…" says otherwise."""
    if chosen := os.environ.get("COMPOSE"):
        return shlex.split(chosen)
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if shutil.which("docker") and run(["docker", "compose", "version"]).returncode == 0:
        return ["docker", "compose"]
    return None


class Docker:
    """`host` is the address of the daemon; empty for the one that docker finds by itself."""

    def __init__(self, host: str = "") -> None:
        # a daemon of ours is of the age that has no buildkit
        self.environment = {"DOCKER_HOST": host, "DOCKER_BUILDKIT": "0"} if host else {}

    def __call__(self, *arguments: str) -> str:
        """What `docker <arguments>` prints. Raises AssertionError when it fails."""
        code, output = self.attempt(*arguments)
        assert code == 0, f"docker {' '.join(arguments)}: {output[-2000:]}"
        return output

    def attempt(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output of `docker <arguments>`."""
        done = run(["docker", *arguments], self.environment)
        return done.returncode, done.stdout.strip()

    def answers(self) -> bool:
        """Whether there is a daemon."""
        return shutil.which("docker") is not None and run(["docker", "info"], self.environment, 20).returncode == 0

    def has(self, image: str) -> bool:
        """Whether the daemon has the image."""
        return run(["docker", "image", "inspect", image], self.environment).returncode == 0

    def build(self, folder: Path, dockerfile: Path, tag: str) -> None:
        """An image of `folder`."""
        self("build", "--quiet", "--file", str(dockerfile), "--tag", tag, str(folder))
