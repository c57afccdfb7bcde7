"""`ps` shows what each process is."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deploy.embedded.stack import Stack
from libs.shared.contracts.operations import SERVICES
from libs.shared.process_title import set_process_title
from tests.support.checkout import ROOT


def title_of(pid: int) -> str:
    """The command as `ps` shows it."""
    shown = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()


def test_every_service_and_the_forkserver_have_titles(stack: Stack) -> None:
    for service in SERVICES:
        assert {title_of(pid) for pid in stack.pids(service)} == {f"rocket: {service}"}
        assert psutil.Process(stack.pids(service)[0]).cmdline()[0] == f"rocket: {service}"
    forkserver = psutil.Process(stack.pids("data")[0]).parent()
    assert forkserver is not None and title_of(forkserver.pid) == "rocket: forkserver"


async def test_the_supervisor_has_a_title(tmp_path: Path) -> None:
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.embedded",
        cwd=ROOT, env={**os.environ, "DATA_DIR": str(tmp_path), "PORT": "0", "ROCKET_ADMIN_BUILD": "false"},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert supervisor.stdout is not None
    try:
        async with asyncio.timeout(60):
            await supervisor.stdout.readline()
        assert title_of(supervisor.pid) == "rocket: supervisor"
    finally:
        supervisor.terminate()
        await supervisor.wait()


@pytest.mark.parametrize("role", ["migrate", "gateway"])
def test_a_title_is_set_in_a_process_of_its_own(role: str) -> None:
    program = f"from libs.shared.process_title import {set_process_title.__name__} as t; t({role!r}); input()"
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE)
    try:
        for _ in range(500):
            if title_of(process.pid) == f"rocket: {role}":
                break
        assert title_of(process.pid) == f"rocket: {role}"
    finally:
        process.kill()
        process.wait()
