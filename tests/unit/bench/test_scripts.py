"""Statements with slots become pgbench scripts; stacks of a profiler become a list of functions."""

from __future__ import annotations

from pathlib import Path

from bench.machine import file_system, processor, steal_and_total
from bench.profile import Cost, dearest
from bench.statements import Slot, Template
from bench.systems.database import read, written

TOLD = """
number of transactions actually processed: 4000
number of failed transactions: 2 (0.050%)
latency average = 7.100 ms
initial connection time = 90.000 ms
tps = 2000.000000 (without initial connection time)
"""
STACKS = "main (a.py:1);loop (b.py:2);send (c.py:3) 30\nmain (a.py:1);loop (b.py:2) 10\n 5\n"
MOUNTS = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\ntmpfs /tmpx xfs rw 0 0\n"


def test_slots_and_constants_in_a_script() -> None:
    template = Template(
        "UPDATE t SET a = $2::text, b = $4::int, n = $5::text WHERE id = $1::uuid AND v = $3 AND w = $3",
        (Slot("id"), Slot("title"), 7, 25, None),
    )

    script, variables = written("update", template, 100, 10)

    assert "\\set number random(1, 100)" in script
    assert "\\set category random(0, 9)" in script
    assert "a = :title::text, b = :constant_4::int, n = NULL::text" in script
    assert "lpad(:number, 12, '0'))::uuid AND v = :constant_3 AND w = :constant_3;" in script
    assert variables == {"title": "Renamed 0", "constant_3": "7", "constant_4": "25"}


def test_a_created_record_gets_its_id_from_the_server() -> None:
    script, variables = written("create", Template("INSERT INTO t VALUES ($1::uuid)", (Slot("id"),)), 1, 10)

    assert "VALUES (uuidv7()::uuid);" in script
    assert variables == {}


def test_a_template_is_filled_by_name() -> None:
    template = Template("$1 $2 $3", (Slot("a"), 5, Slot("b")))

    assert template.filled({"a": 1, "b": 2, "more": 3}) == [1, 5, 2]


def test_what_pgbench_tells() -> None:
    outcome = read(TOLD, 0.5)

    assert (outcome.requests, outcome.rate, outcome.median_ms) == (4000, 2000.0, 7.1)
    assert outcome.failures == {"failed transaction": 2}


def test_dearest_functions() -> None:
    assert dearest(STACKS, 100) == [
        Cost("send (c.py:3)", 0.3, 0.3),
        Cost("loop (b.py:2)", 0.1, 0.4),
    ]


def test_the_machine() -> None:
    assert processor("processor\t: 0\nmodel name\t: A CPU @ 3 GHz\nmodel name\t: B\n") == "A CPU @ 3 GHz"
    assert steal_and_total("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1\n") == (8, 36)
    assert file_system(Path("/tmp/x"), MOUNTS) == "tmpfs"
    assert file_system(Path("/tmpy"), MOUNTS) == "ext4"
