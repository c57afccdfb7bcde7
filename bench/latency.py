"""`python -m bench.latency [--seconds 20] [--rate 100]`: from a commit to a subscriber, against one publish with ack.

Both are measured in the same run on the same server: creates at a steady rate through the gateway, and between them
messages published to a stream of their own. A commit's time is its log entry's `at`; its arrival is when a plain
subscriber of the stream's subjects receives it.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import nats
import orjson

from libs.shared.testing.polling import eventually
from tests.support.bare_nats import bare_nats
from tests.support.client import Client, entity, text
from tests.support.stacks import calling, running


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=100.0, help="commits a second")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rocket-latency-") as name:
        Path(name).chmod(0o755)
        asyncio.run(measure(Path(name), arguments.seconds, arguments.rate))


async def measure(folder: Path, seconds: float, rate: float) -> None:
    """Run it and print both distributions, in milliseconds."""
    async with (
        bare_nats(folder / "bus") as server,
        running(folder, nats_url=server.url) as stack,
        calling(stack) as anonymous,
    ):
        admin = await anonymous.new_app()
        await admin.define(entity("item", text("name")))
        delays, publishes = await _load(admin, server.url, seconds, rate)
    _tell("commit -> subscriber", delays)
    _tell("publish -> ack", publishes)
    print(f"p50 is {_at(delays, 0.5) / _at(publishes, 0.5):.1f} times that of a publish")


async def _load(admin: Client, url: str, seconds: float, rate: float) -> tuple[list[float], list[float]]:
    client = await nats.connect(url)
    stream = client.jetstream()
    await stream.add_stream(name="PROBE", subjects=["probe"])
    delays: list[float] = []
    publishes: list[float] = []

    async def arrived(message: Any) -> None:
        at = datetime.fromisoformat(orjson.loads(message.data)["at"]).timestamp()
        delays.append((time.time() - at) * 1000)

    await client.subscribe("commits.>", cb=arrived)
    await client.flush()
    count, tasks = int(seconds * rate), []
    began = asyncio.get_running_loop().time()
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / rate - asyncio.get_running_loop().time()))
        tasks.append(asyncio.create_task(admin.post("/item", {"name": str(number)})))
        if number % 5 == 0:
            start = time.perf_counter()
            await stream.publish("probe", b"x" * 500)
            publishes.append((time.perf_counter() - start) * 1000)
    for reply in await asyncio.gather(*tasks):
        reply.expect(201)
    await eventually(lambda: len(delays) >= count)
    await client.close()
    return delays, publishes


def _at(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def _tell(name: str, values: list[float]) -> None:
    print(f"{name:<22} p50 {_at(values, 0.5):7.2f} ms   p99 {_at(values, 0.99):7.2f} ms   of {len(values)}")


if __name__ == "__main__":
    main()
