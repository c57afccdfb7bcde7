"""A failed test reports what the services logged meanwhile; a passed one reports nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.embedded.console import Console
from tests.support.checkout import ROOT
from tests.support.service_logs import MAX_LINES, TITLE, ServiceLogs

TESTS = """
from pathlib import Path
import pytest
from deploy.embedded.console import Console
from tests.support.service_logs import LOGS

@pytest.fixture(scope="module")
def console(tmp_path_factory):
    path = tmp_path_factory.mktemp("stack") / "stack.log"
    with path.open("w") as output:
        LOGS.open(path)
        yield Console(output, width=8)
        LOGS.close(path)

def test_one_passes(console):
    console.print("data", "written during the first test")

def test_two_fails(console):
    console.print("data", "value *** refused")
    console.print("gateway", "500")
    assert False

def test_three_fails_elsewhere():
    assert False
"""


def test_a_failed_test_shows_the_lines_that_were_logged_during_it(tmp_path: Path) -> None:
    (tmp_path / "test_stand_in.py").write_text(TESTS)

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.support.service_logs", "--rootdir", tmp_path,
         "--config-file", "/dev/null", "-p", "no:cacheprovider", tmp_path],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert "2 failed, 1 passed" in run.stdout
    assert run.stdout.count(TITLE) == 1, run.stdout
    section = run.stdout.partition(TITLE)[2]
    assert "data     | value *** refused\ngateway  | 500\n" in section
    assert "written during the first test" not in run.stdout


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "stack.log"


def test_each_service_has_its_last_lines(log: Path) -> None:
    logs = ServiceLogs()
    logs.open(log)
    with log.open("w") as output:
        console = Console(output, width=4)
        console.print("nats", "ready")
        for number in range(MAX_LINES + 2):
            console.print("data", f"line {number}")

    lines = logs.added().splitlines()

    assert len(lines) == MAX_LINES + 2
    assert lines[0] == "data | … 2 earlier lines"
    assert lines[1:3] == ["nats | ready", "data | line 2"]


def test_the_log_of_a_stopped_system_is_kept_until_the_next_test(log: Path) -> None:
    logs = ServiceLogs()
    logs.open(log)
    log.write_text("data | stopped\n")
    logs.close(log)
    assert logs.added() == "data | stopped"

    logs.mark()
    log.write_text("data | stopped\ndata | of another test\n")
    assert logs.added() == ""


def test_a_start_that_succeeded_is_left_out(log: Path) -> None:
    logs = ServiceLogs()
    logs.open(log)
    log.write_text("migrate | done\n")
    logs.skip_start(log)
    with log.open("a") as output:
        output.write("data | later\n")
    assert logs.added() == "data | later"


def test_a_log_that_does_not_exist_adds_nothing(log: Path) -> None:
    logs = ServiceLogs()
    logs.open(log)
    logs.mark()
    assert logs.added() == ""
