"""What /proc says, and whom it is counted for."""

from __future__ import annotations

import os
import subprocess
import sys

from bench.processes import TICKS_PER_SECOND, Memory, Stat, cpu_seconds, everybody, family, memory, parent, stat_of

LINE = (
    "4242 (post (gres) x) S 17 4242 4242 0 -1 4194560 1500 2500 0 3 "
    "120 30 700 50 20 0 4 0 987654 250000000 7000 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n"
)
ROLLUP = """\
55d0c0a00000-7ffd1a9f2000 ---p 00000000 00:00 0                          [rollup]
Rss:               68532 kB
Pss:               24100 kB
Pss_Dirty:         20000 kB
Shared_Clean:       1024 kB
"""
BURN_AND_END = "import time\nwhile time.process_time() < 0.3: pass"
START_A_CHILD = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN_AND_END!r}])\nprint()\ninput()"


def stat(pid: int, parent_pid: int, own: int = 0, ended_children: int = 0) -> Stat:
    return Stat(pid, "x", parent_pid, own, ended_children, 0)


def test_a_stat_line_whose_name_holds_blanks_and_parentheses() -> None:
    found = Stat.parse(LINE)

    assert found == Stat(4242, "post (gres) x", 17, own=150, ended_children=750, started=987654)
    assert found.cpu_seconds == 900 / TICKS_PER_SECOND


def test_memory_is_told_in_bytes_and_adds_up() -> None:
    found = Memory.parse(ROLLUP)

    assert found == Memory(rss=68532 * 1024, pss=24100 * 1024)
    assert found + Memory(1, 2) == Memory(68532 * 1024 + 1, 24100 * 1024 + 2)


def test_a_family_is_all_descendants_but_for_those_that_are_apart() -> None:
    people = {s.pid: s for s in (stat(1, 0), stat(2, 1), stat(3, 2), stat(4, 2), stat(5, 4), stat(6, 1))}

    assert {s.pid for s in family([2], people)} == {2, 3, 4, 5}
    assert {s.pid for s in family([2], people, apart=[2, 4])} == {2, 3}
    assert family([77], people) == []


def test_a_part_is_counted_once() -> None:
    me, mine = os.getpid(), subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with mine:
        sizes = memory({"test": [me], "child": [mine.pid]})
        together = memory({"all": [me]})
        assert mine.stdin is not None
        mine.stdin.close()

    assert set(sizes) == {"test", "child"}
    assert 0 < sizes["child"].rss < together["all"].rss


def test_the_time_of_children_that_have_ended_is_counted() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", START_A_CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        found = cpu_seconds({"it": [process.pid]})
        process.stdin.close()

    assert found["it"] >= 0.3 - 2 / TICKS_PER_SECOND


def test_this_process_is_listed() -> None:
    assert everybody()[os.getpid()].parent == os.getppid() == parent(os.getpid())
    assert stat_of(os.getpid()).own > 0
