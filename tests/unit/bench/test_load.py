"""The load generator against a server that answers, fails, and hangs up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from bench.load import running
from bench.load.generator import drive
from bench.load.outcome import Load, percentile
from bench.load.wrk import read

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}"


@contextlib.asynccontextmanager
async def answering(answers: dict[bytes, bytes]) -> AsyncIterator[int]:
    """A server that knows requests of one line; to others it hangs up. Answers its port."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (line := await reader.readline()) in answers:
            for half in (answers[line][:20], answers[line][20:]):
                writer.write(half)
                await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_each_request_is_sent_once_without_seconds() -> None:
    async with answering({b"%d\n" % n: OK for n in range(10)}) as port:
        outcome = await drive(Load(port, 3, 0.0, [b"%d\n" % n for n in range(10)]))

    assert outcome.requests == 10
    assert outcome.failures == {}
    assert outcome.bytes_per_answer == len(OK)


async def test_requests_go_round_until_time_is_up() -> None:
    async with answering({b"a\n": OK}) as port:
        outcome = await drive(Load(port, 2, 0.5, [b"a\n"]))

    assert outcome.requests > 2
    assert outcome.seconds >= 0.5
    assert 0 < outcome.median_ms <= outcome.p99_ms


async def test_refusals_and_lost_connections_are_failures() -> None:
    async with answering({b"a\n": OK, b"b\n": BUSY}) as port:
        outcome = await drive(Load(port, 1, 0.0, [b"a\n", b"b\n", b"c\n", b"a\n"]))

    assert outcome.failures == {"status 503": 1, "connection lost: closed": 1}


async def test_the_generator_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    async with answering({b"\xc3\xa4\n": OK}) as port:
        outcome = await running.run(Load(port, 2, 0.0, [b"\xc3\xa4\n"] * 5), tmp_path)

    assert (outcome.requests, outcome.failures) == (5, {})
    assert outcome.generator_cpu_seconds > 0


def test_what_wrk_tells() -> None:
    told = (
        "Running 1s test\noutcome "
        '{"requests": 200, "seconds": 2.0, "bytes": 1000, "median_ms": 3.5, "p99_ms": 9.0, "failures": '
        '{"connect": 0, "read": 0, "write": 0, "status": 4, "no answer in time": 0}}\n'
    )

    outcome = read(told)

    assert (outcome.rate, outcome.bytes_per_answer, outcome.failures) == (100.0, 5.0, {"status": 4})


def test_percentiles() -> None:
    assert percentile([], 0.5) == 0
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 3.0
    assert percentile([1.0, 2.0], 0.99) == 2.0
