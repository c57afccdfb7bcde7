"""A real OpenID Connect provider: npm's `oidc-provider` in the Node of the wheel, and a person who logs in at it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import html
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import aiohttp
import pytest

from deploy.embedded import ports
from deploy.embedded.ports import LOCALHOST, is_free
from libs.shared.testing.polling import eventually
from tests.support.checkout import ROOT

SOURCE = ROOT / "tests/support/oidc"
INSTALL_TIMEOUT_S = 120
FORM = re.compile(r'<form[^>]*action="([^"]+)"', re.DOTALL)
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
MAX_STEPS = 12


async def installed() -> Path:
    """The folder with the provider and its packages, installed once per lock file into a cache."""
    lock = (SOURCE / "package-lock.json").read_bytes()
    folder = Path(tempfile.gettempdir()) / f"rocket-oidc-provider-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not (folder / "installed").exists():
        folder.mkdir(exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(SOURCE / name, folder / name)
        npm = Path(sys.executable).parent / "npm"
        process = await asyncio.create_subprocess_exec(
            npm, "ci", "--no-audit", "--no-fund", cwd=folder,
            env={**os.environ, "PATH": f"{npm.parent}{os.pathsep}{os.environ.get('PATH', '')}"},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await asyncio.wait_for(process.communicate(), INSTALL_TIMEOUT_S)
        if process.returncode:
            pytest.fail(f"npm could not install oidc-provider; is the registry away?\n{output.decode()[-2000:]}")
        (folder / "installed").touch()
    shutil.copy(SOURCE / "provider.mjs", folder / "provider.mjs")
    return folder


@dataclass(slots=True)
class RunningProvider:
    """The provider's process. `clients` and `accounts` are what it starts with."""

    port: int
    clients: list[dict[str, Any]]
    accounts: dict[str, dict[str, Any]]
    folder: Path
    keys: int = 0
    process: asyncio.subprocess.Process | None = None
    log: list[str] = field(default_factory=list)
    reading: asyncio.Task[None] | None = None

    @property
    def issuer(self) -> str:
        return f"http://{LOCALHOST}:{self.port}"

    async def start(self) -> None:
        """Start it, with a signing key that it never had before."""
        self.keys += 1
        settings = {"port": self.port, "clients": self.clients, "accounts": self.accounts, "key": f"key-{self.keys}"}
        node = Path(sys.executable).parent / "node"
        self.process = await asyncio.create_subprocess_exec(
            node, "provider.mjs", json.dumps(settings), cwd=self.folder, start_new_session=True,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        self.reading = asyncio.create_task(self._read(self.process))

        async def answers() -> bool:
            assert self.process is not None and self.process.returncode is None, "\n".join(self.log)
            return not is_free(self.port)

        await eventually(answers, within=30)

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            # The Node of the wheel is a child of the program.
            os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()
        if self.reading is not None:
            await self.reading

    async def rotate(self) -> None:
        """Go on with another key; sessions there are forgotten."""
        await self.stop()
        await self.start()

    async def change(self, **accounts: Mapping[str, Any]) -> None:
        """Other claims of people."""
        async with aiohttp.ClientSession() as session:
            answer = await session.post(f"{self.issuer}/tests/accounts", json=accounts)
            assert answer.status == 200
        self.accounts |= {name: dict(claims) for name, claims in accounts.items()}

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self.log.append(line.decode().rstrip())


@contextlib.asynccontextmanager
async def oidc_provider(
    clients: list[dict[str, Any]], accounts: dict[str, dict[str, Any]], port: int = 0
) -> AsyncIterator[RunningProvider]:
    """A running provider."""
    provider = RunningProvider(port or free_port(), clients, accounts, await installed())
    await provider.start()
    try:
        yield provider
    finally:
        await provider.stop()


async def walk(browser: aiohttp.ClientSession, url: str, login: str, until: str) -> str:
    """What a person does at the provider: log in, consent, and be sent on to a URL that contains `until`."""
    method, form = "GET", None
    for _ in range(MAX_STEPS):
        if until in url:
            return url
        async with browser.request(method, url, data=form, allow_redirects=False) as answer:
            text = await answer.text()
            assert answer.status < 400, f"{answer.status} at {url}: {text[:600]}"
            if location := answer.headers.get("Location"):
                method, url, form = "GET", urljoin(url, location), None
                continue
        action = FORM.search(text)
        assert action, f"no form at {url}: {text[:600]}"
        form = dict(HIDDEN.findall(text)) | {"login": login, "password": "any"}
        if "logout" in text:
            form = dict(HIDDEN.findall(text)) | {"logout": "yes"}
        method, url = "POST", urljoin(url, html.unescape(action[1]))
    raise AssertionError(f"{until} was not reached; the last was {url}")


def free_port() -> int:
    """A port that no server of ours listens on."""
    return ports._choose(avoid=set())
