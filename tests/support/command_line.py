"""The operator's command line, started as a program."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

from deploy.embedded.stack import Stack
from tests.support.checkout import ROOT


async def rocket(stack: Stack, *arguments: str, status: int = 0, **variables: str) -> str:
    """What a command prints, when it has ended with this status."""
    environment = {**os.environ, "ROCKET_URL": stack.gateway_urls[0], **variables}
    # From another folder, as timers and other users do.
    process = await asyncio.create_subprocess_exec(
        ROOT / "deploy" / "rocket", *arguments, cwd="/", env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == status, (output, errors)
    return (output or errors).decode()


async def documents(stack: Stack, *arguments: str, status: int = 0) -> list[Any]:
    return [json.loads(line) for line in (await rocket(stack, *arguments, "--json", status=status)).splitlines()]
