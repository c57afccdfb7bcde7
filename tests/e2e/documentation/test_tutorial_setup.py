"""The shell commands that begin the tutorial create its app and send requests as its users."""

from __future__ import annotations

import asyncio
import re
import shutil

import pytest

from tests.support.checkout import ROOT
from tests.support.client import Client

PAGE = ROOT / "docs/tutorial/procurement.md"
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl")
async def test_the_commands_of_the_tutorial_create_its_app(client: Client) -> None:
    commands = "\n".join(SHELL.findall(PAGE.read_text(encoding="utf-8")))
    commands += """
api POST /_admin/users '{"email": "ben@example.com", "password": "a-long-password", "roles": ["buyer"]}'
as ben@example.com GET /auth/me
"""
    shell = await asyncio.create_subprocess_exec(
        "bash", "-c", commands, env={"HOST": client.url, "PATH": "/usr/bin:/bin:/usr/local/bin"},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output = (await asyncio.wait_for(shell.communicate(), 60))[0].decode()
    created, admin, user, ben = output.strip().splitlines()
    assert '"procurement"' in created
    assert "admin@localhost" in admin
    assert "ben@example.com" in user
    assert '"buyer"' in ben
