"""The operator's command line, as a program that is started: what it prints, and its exit codes."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.embedded.stack import Stack
from tests.support.app_database import executed
from tests.support.checkout import ROOT
from tests.support.client import Client, entity, text
from tests.support.command_line import documents, rocket
from tests.support.relations import make


async def test_an_operator_inspects_verifies_and_rebuilds(stack: Stack, admin: Client) -> None:
    app = admin.prefix.removeprefix("/api/")
    await admin.define(entity("item", text("name")))
    for name in ("first", "second"):
        await make(admin, "item", name=name)
    assert app in [row["name"] for row in await documents(stack, "apps")]
    tail = await documents(stack, "tail", app, "--once")
    assert [(row["position"], row["size"], row["entities"]) for row in tail] == [(1, 1, ["item"]), (2, 1, ["item"])]
    assert "1 of item" in await rocket(stack, "tail", app, "--once")

    proofs = await documents(stack, "verify", app)
    assert [(proof["projection"], proof["equal"]) for proof in proofs] == [
        ("log", True), ("records", True), ("audit", True), ("activity", True), ("webhook", True), ("workflow", True),
        ("notify", True),
    ]  # fmt: skip
    await executed(stack, admin, "UPDATE records.items SET name = 'forged' WHERE name = 'first'")
    told = await rocket(stack, "verify", app, "records", status=1)
    assert "1 differ: the row has other values: name (entity item" in told
    assert "1 differences, the first" in await rocket(stack, "doctor", app, status=1)
    assert "2 made anew" in await rocket(stack, "rebuild", app, "records", "--only", "item")
    assert "as the log says" in await rocket(stack, "verify", app, "records")
    assert (await documents(stack, "doctor", app)) == []
    assert "All is well" in await rocket(stack, "doctor", app)
    assert "records" in await rocket(stack, "projections", app)
    assert (await documents(stack, "letters", app)) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["verify", "nope"], "App not found"),
        (["replay", "{app}", "webhook/1"], "Dead letter not found"),
        (["discard", "{app}", "webhook/1"], "Dead letter not found"),
        (["verify", "{app}", "nope"], "Projection not found"),
        (["apps", "--url", "http://127.0.0.1:9"], "127.0.0.1:9"),
        (["rebuild", "{app}", "log"], "invalid choice"),
    ],
)
async def test_refusals_are_printed_and_exit_with_2(
    stack: Stack, common_admin: Client, arguments: list[str], message: str
) -> None:
    app = common_admin.prefix.removeprefix("/api/")
    assert message in await rocket(stack, *(part.format(app=app) for part in arguments), status=2)


async def test_a_wrong_password_is_refused(stack: Stack) -> None:
    assert "rocket: " in await rocket(stack, "apps", status=2, ROCKET_PLATFORM_ADMIN_PASSWORD="wrong")


@pytest.mark.parametrize("status", [0, 1, 2])
def test_make_returns_the_exit_status_of_the_command(tmp_path: Path, status: int) -> None:
    lock = (ROOT / "requirements" / "run.txt").read_bytes()
    checksum = subprocess.run(["cksum"], input=lock, check=True, capture_output=True).stdout.split()[0].decode()
    program = tmp_path / "bin" / "python"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nexit {status}\n")
    program.chmod(0o755)
    (tmp_path / f"installed-run-{checksum}").touch()
    made = subprocess.run(["make", "rocket", f"VENV={tmp_path}", "ARGS=doctor"], cwd=ROOT, capture_output=True)
    assert bool(made.returncode) is bool(status), made.stderr


async def test_the_command_without_an_environment_names_make_rocket(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    script = Path(shutil.copy(ROOT / "deploy" / "rocket", tmp_path / "deploy"))
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python3").chmod(0o755)
    process = await asyncio.create_subprocess_exec(
        script, "doctor", env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert b"make rocket" in errors
