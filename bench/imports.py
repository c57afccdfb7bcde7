"""`python -m bench.imports [--rows 100000] [--format csv]`: one import and its undo, with rows a second and memory.

The file has five columns, one of them unique. Memory is the highest that the services' own processes came to have.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import tempfile
import time
from pathlib import Path
from typing import Any

import xlsxwriter

from bench.processes import PROC
from deploy.embedded.stack import Stack
from tests.support.client import Client, entity, integer, text
from tests.support.imports import send
from tests.support.stacks import calling, running

COLUMNS = ("number", "name", "city", "amount", "rank")
ROW = entity(
    "party", text("number", required=True, unique=True), text("name", required=True), text("city"),
    {"name": "amount", "type": "decimal", "precision": 2}, integer("rank"),
)  # fmt: skip
TYPES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
SERVICES = ("gateway", "data")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--format", choices=TYPES, default="csv")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rocket-imports-") as name:
        Path(name).chmod(0o755)
        asyncio.run(measure(Path(name), arguments.rows, arguments.format))


async def measure(folder: Path, rows: int, form: str) -> None:
    """Run it and print the figures."""
    body = _file(rows, form)
    async with running(folder) as stack, calling(stack) as anonymous:
        admin = await anonymous.new_app()
        await admin.define(ROW)
        before = {name: _memory(stack, name) for name in SERVICES}
        began = time.perf_counter()
        job = (await send(admin, "party", body, TYPES[form])).expect(202).data
        sent, done = time.perf_counter() - began, await _ended(admin, job)
        took = time.perf_counter() - began
        peaks = {name: _memory(stack, name) for name in SERVICES}
        undo = (await admin.post(f"/party/_imports/{job['id']}/undo")).expect(202).data
        begun = time.perf_counter()
        undone = await _ended(admin, undo)
        back = time.perf_counter() - begun
    print(f"{rows} rows, {len(body) / 1e6:.1f} MB of {form}: {done['status']}, {done['created']} created")
    print(f"sent in {sent:.1f} s, done after {took:.1f} s: {rows / took:.0f} rows/s")
    print(f"undone in {back:.1f} s ({undone['status']}): {rows / back:.0f} rows/s")
    for name in SERVICES:
        print(f"memory of {name}: {before[name]:.0f} MB before, {peaks[name]:.0f} MB at most")


async def _ended(admin: Client, job: Any) -> Any:
    while True:
        reply = await admin.get(f"/party/_imports/{job['id']}")
        if reply.status == 401:
            admin.token = (await admin.renewed()).token
        elif reply.expect(200).data["status"] not in ("queued", "running"):
            return reply.data
        await asyncio.sleep(0.2)


def _memory(stack: Stack, name: str) -> float:
    """The highest memory of a service's process so far, in MB."""
    [pid] = stack.pids(name)
    status = (PROC / str(pid) / "status").read_text()
    return float(status.partition("VmHWM:")[2].split()[0]) / 1000


def _rows(number: int) -> tuple[Any, ...]:
    return f"P-{number:07}", f"Party number {number}", f"City {number % 500}", number / 4, number


def _file(rows: int, form: str) -> bytes:
    if form == "csv":
        lines = (",".join(map(str, _rows(number))) for number in range(rows))
        return "\n".join([",".join(COLUMNS), *lines]).encode()
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"constant_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, COLUMNS)
    for number in range(rows):
        sheet.write_row(number + 1, 0, _rows(number))
    book.close()
    return file.getvalue()


if __name__ == "__main__":
    main()
