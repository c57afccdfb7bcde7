"""A copy of the source with the changes that the contributor guides describe, and a system that runs it.

A fenced block with `file=<path>` in its info string changes the copy. A block of language `diff` changes an existing
file; any other block is a new file. Lines of `@@` separate the hunks of a diff. The lines that a hunk keeps and removes
must occur in the file exactly once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.checkout import ROOT
from tests.support.stacks import FAST

BLOCK = re.compile(r"^```(?P<language>\w+) file=(?P<path>\S+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SOURCES = ("deploy", "docs/tables", "libs", "services", "app.yaml")
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 60.0

SCRIPT = """
import asyncio, json, sys
from pathlib import Path
from deploy.embedded.settings import Settings
from deploy.embedded.stack import Stack

async def main(folder, variables):
    options = {"fsync": "off", "autovacuum": "off"}
    with open(Path(folder) / "stack.log", "w") as output:
        settings = Settings(port=0, data_dir=Path(folder) / "data")
        async with Stack(settings, variables=variables, postgres_options=options, output=output) as stack:
            await stack.ready()
            print(stack.gateway_urls[0], flush=True)
            await asyncio.to_thread(sys.stdin.read)

asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
"""
"""Runs in the copy, until its standard input is closed."""


@dataclass(frozen=True, slots=True)
class Change:
    """A block of a guide: a new file, or a diff of an existing one."""

    path: str
    text: str
    is_diff: bool

    def apply(self, root: Path) -> None:
        """Change the copy at `root`. Raises AssertionError where the change does not fit."""
        file = root / self.path
        if self.is_diff:
            text = file.read_text(encoding="utf-8")
            for before, after in self._hunks():
                assert text.count(before) == 1, f"{self.path} has {text.count(before)} times:\n{before}"
                text = text.replace(before, after)
            file.write_text(text, encoding="utf-8")
        else:
            assert not file.exists(), f"{self.path} exists"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.text, encoding="utf-8")

    def _hunks(self) -> Iterator[tuple[str, str]]:
        for hunk in self.text.split("@@\n"):
            lines = hunk.splitlines()
            before = [line[1:] for line in lines if line[:1] != "+"]
            after = [line[1:] for line in lines if line[:1] != "-"]
            yield "\n".join(before), "\n".join(after)


def changes_of(page: Path) -> list[Change]:
    """The changes that a guide describes, in its order."""
    found = BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Change(each["path"], each["text"], each["language"] == "diff") for each in found]


def copied(folder: Path, changes: Iterable[Change]) -> Path:
    """A changed copy of the source."""
    root = folder / "source"
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, root / name)
    for change in changes:
        change.apply(root)
    return root


@contextlib.asynccontextmanager
async def running_copy(source: Path, folder: Path) -> AsyncIterator[str]:
    """A system that runs the copy; the URL of its gateway. Raises AssertionError with its log if it does not start."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRIPT, str(folder), json.dumps(FAST),
        cwd=source, env={**os.environ, "PYTHONPATH": str(source)},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_TIMEOUT_S)
        assert line, _end_of(folder / "stack.log")
        yield line.decode().strip()
    finally:
        try:
            await asyncio.wait_for(
                process.communicate(b""), STOP_TIMEOUT_S
            )  # an input: without one it would not be closed
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8")[-5000:] if log.exists() else "the copy could not be imported, see above"
