"""PostgreSQL, NATS and services under the embedded supervisor, with their failures."""

import asyncio
import io
import os
import pwd
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal, TextIO

import asyncpg
import nats
import psutil
import pytest

from deploy.embedded import postgres, process, programs
from deploy.embedded.credentials import load_or_create
from deploy.embedded.datadir import held
from deploy.embedded.errors import CannotStart
from deploy.embedded.nats import FAREWELLS as NATS_FAREWELLS
from deploy.embedded.nats import USERS, Nats
from deploy.embedded.ports import remembered
from deploy.embedded.postgres import Postgres
from deploy.embedded.services import Program
from deploy.embedded.settings import Settings
from deploy.embedded.stack import Stack
from deploy.embedded.supervised import end
from libs.shared.testing.polling import eventually
from tests.support.checkout import ROOT

FAKES = Program(("gateway", "worker"), package="tests.integration.fakes", migrate=None)
FAST = {"fsync": "off"}
PASSWORDS = dict.fromkeys(USERS, "secret-of-nats")
as_root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")


def a_stack(
    data_dir: Path,
    output: TextIO | None = None,
    environment: Literal["development", "production"] = "development",
    **variables: str,
) -> Stack:
    """A stack of fakes: one gateway, two workers, no migrations."""
    return Stack(
        Settings(port=0, data_dir=data_dir, environment=environment, admin_build=False),
        program=FAKES,
        replicas={"worker": 2},
        variables=variables,
        postgres_options=FAST,
        output=output or io.StringIO(),
    )


async def answer_of(url: str, query: str) -> object:
    """One value from Postgres."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


# --- what is kept in the data folder --------------------------------------------------------------


def test_secrets_are_private_and_made_once(tmp_path: Path) -> None:
    first = load_or_create(tmp_path, ["gateway"], ["gateway"])
    later = load_or_create(tmp_path, ["gateway", "data"], ["gateway", "data"])
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert (later.postgres, later.roles["gateway"]) == (first.postgres, first.roles["gateway"])
    assert later.roles["data"] != later.roles["gateway"]
    assert later.nats_users["gateway"] == first.nats_users["gateway"] not in later.roles.values()
    assert later.subscribers == first.subscribers


def test_a_port_is_reused_while_it_is_free(tmp_path: Path) -> None:
    port = remembered(tmp_path, "postgres")
    assert remembered(tmp_path, "postgres") == port
    with socket.create_server(("127.0.0.1", port)):
        assert remembered(tmp_path, "postgres") != port


def test_a_second_supervisor_is_refused(tmp_path: Path) -> None:
    with (
        held(tmp_path),
        pytest.raises(CannotStart, match=f"in use by another.*{os.getpid()}"),
        held(tmp_path),
    ):
        pass
    with held(tmp_path):
        pass


async def test_a_taken_port_is_reported_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"^PORT={port} .* in use.*$"):
            async with Stack(Settings(port=port, data_dir=tmp_path)):
                pass


# --- the servers ----------------------------------------------------------------------------------


async def test_postgres_keeps_port_and_data_over_a_restart(tmp_path: Path) -> None:
    ports, answer = [], None
    for statement in ("CREATE TABLE t AS SELECT 42 AS n", "SELECT n FROM t"):
        server = Postgres(tmp_path, "secret", FAST)
        running = await server.launch()
        answer = await answer_of(server.url, statement)
        assert await end(running, postgres.FAREWELLS) == 0
        ports.append(server.port)
    assert answer == 42
    assert ports[0] == ports[1]


async def test_postgres_is_set_up_as_we_want_it(tmp_path: Path) -> None:
    server = Postgres(tmp_path, "secret", FAST)
    running = await server.launch()
    wanted = {"server_encoding": "UTF8", "data_checksums": "on", "max_connections": "200"}
    for name, value in wanted.items():
        assert await answer_of(server.url, f"SHOW {name}") == value
    assert await answer_of(server.url, "SELECT datlocale FROM pg_database LIMIT 1") == "C.UTF-8"
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.url.replace("secret", "wrong"))
    await end(running, postgres.FAREWELLS)


async def test_nats_keeps_port_and_streams_over_a_restart(tmp_path: Path) -> None:
    ports, messages = [], 0
    for _ in range(2):
        server = Nats(tmp_path, PASSWORDS, "secret")
        running = await server.launch()
        client = await nats.connect(server.url_of("data"), inbox_prefix="_INBOX.data")
        await client.jetstream().add_stream(name="COMMITS", subjects=["commits.>"])
        messages = (await client.jetstream().publish("commits.x", b"x")).seq
        await client.close()
        await end(running, NATS_FAREWELLS)
        ports.append(server.port)
    assert messages == 2
    assert ports[0] == ports[1]
    assert stat.S_IMODE((tmp_path / "nats.conf").stat().st_mode) == 0o600


async def test_an_orphaned_server_is_stopped_by_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "tied_to_us", lambda command, _: list(command))
    left_behind = [await Postgres(tmp_path, "x", FAST).launch(), await Nats(tmp_path, PASSWORDS, "x").launch()]
    left_behind[0].send(signal.SIGSTOP)
    running = [await Postgres(tmp_path, "x", FAST).launch(), await Nats(tmp_path, PASSWORDS, "x").launch()]
    for orphan in left_behind:
        await orphan.wait()
    await end(running[0], postgres.FAREWELLS)
    await end(running[1], NATS_FAREWELLS)


async def test_a_failed_server_start_is_explained(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"postgres did not start: .*shared_buffers"):
        await Postgres(tmp_path, "x", {"shared_buffers": "a lot"}).launch()


@as_root_only
async def test_as_root_postgres_runs_as_nobody_behind_closed_folders(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = Postgres(closed, "secret", FAST)
    running = await server.launch()
    assert psutil.Process(running.pid).username() == "nobody"
    assert (closed / "postgres").stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert (closed.stat().st_uid, stat.S_IMODE(closed.stat().st_mode)) == (0, 0o700)
    await end(running, postgres.FAREWELLS)


@as_root_only
async def test_as_root_postgres_runs_as_the_owner_of_its_data(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    os.chown(tmp_path / "postgres", pwd.getpwnam("daemon").pw_uid, -1)
    running = await Postgres(tmp_path, "secret", FAST).launch()
    assert psutil.Process(running.pid).username() == "daemon"
    await end(running, postgres.FAREWELLS)


async def test_missing_secrets_are_reported(tmp_path: Path) -> None:
    await end(await Postgres(tmp_path, "first", FAST).launch(), postgres.FAREWELLS)
    with pytest.raises(CannotStart, match="made with another password"):
        await Postgres(tmp_path, "second", FAST).launch()


# --- the supervisor -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """One running stack for the tests that leave it as they found it."""
    async with a_stack(tmp_path_factory.mktemp("stack")) as running:
        await running.ready()
        yield running


@pytest.mark.parametrize("name", ["worker", "postgres", "nats", "gateway"])
async def test_a_killed_part_is_restarted(stack: Stack, name: str) -> None:
    before = stack.pids(name)
    await stack.kill(name)
    await eventually(lambda: len(stack.pids(name)) == len(before) and stack.pids(name) != before)
    await stack.ready()
    assert await answer_of(stack.database_url, "SELECT 1") == 1


async def test_a_stopped_part_stays_down(stack: Stack) -> None:
    await stack.stop("worker", 1)
    assert len(stack.pids("worker")) == 1
    await stack.start("worker", 1)
    assert len(stack.pids("worker")) == 2


async def test_a_paused_server_answers_when_it_is_resumed(stack: Stack) -> None:
    stack.pause("postgres")
    waiting = asyncio.create_task(answer_of(stack.database_url, "SELECT 1"))
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    stack.resume("postgres")
    assert await waiting == 1


async def test_all_services_restart_after_their_forkserver_died(stack: Stack) -> None:
    before = [*stack.pids("worker"), *stack.pids("gateway")]
    forkserver = psutil.Process(before[0]).parent()
    assert forkserver is not None
    forkserver.kill()
    await eventually(lambda: len(stack.pids("worker")) == 2 and not {*stack.pids("worker")} & {*before})
    await stack.ready()


async def test_external_servers_are_used(stack: Stack, tmp_path: Path) -> None:
    given = Settings(port=0, data_dir=tmp_path, database_url=stack.database_url, nats_url=stack.nats_url)
    output = io.StringIO()
    async with Stack(given, program=FAKES, output=output) as guest:
        assert guest.pids("postgres") == guest.pids("nats") == []
        host = stack.database_url.rpartition("@")[2].partition("/")[0]
        await eventually(lambda: f"@{host}/rocket" in output.getvalue())
    assert "rocket_worker:" in output.getvalue()


async def test_unknown_parts_are_refused(stack: Stack) -> None:
    with pytest.raises(LookupError, match="no worker with number 2"):
        await stack.kill("worker", 2)


async def test_output_is_labelled_and_services_stop_in_time(tmp_path: Path) -> None:
    output = io.StringIO()
    async with a_stack(tmp_path, output, ROCKET_FAKE="shout") as stack:
        await eventually(lambda: "worker/1   | worker as worker" in output.getvalue())
        await eventually(lambda: output.getvalue().count("[cut]") == 2)
        stack.pause("worker")
        pids = [*stack.pids("worker"), *stack.pids("postgres"), *stack.pids("nats")]
        async with asyncio.timeout(10):
            await stack.__aexit__(None, None, None)
    assert max(map(len, output.getvalue().splitlines())) < 9000
    assert "worker leaves" in output.getvalue()
    assert not any(map(psutil.pid_exists, pids))


async def test_a_failing_service_shows_its_output_and_backs_off(tmp_path: Path) -> None:
    # Of one of the two: the other may be ahead of it.
    output, died = io.StringIO(), "worker     | ended (exit status 3), starts again in"
    async with a_stack(tmp_path, output, ROCKET_FAKE="fail"):
        await eventually(lambda: f"{died} 0.4 s" in output.getvalue())
    _, _, after = output.getvalue().partition(f"{died} 0.1 s; last lines:")
    assert after.index("this is why") < after.index(f"{died} 0.2 s")


# --- its own end ----------------------------------------------------------------------------------

SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from deploy.embedded.__main__ import run
from tests.integration.test_embedded import a_stack
asyncio.run(run(a_stack(Path(sys.argv[1]), sys.stdout, environment="production")))
"""


def as_nobody() -> list[str]:
    """Becomes an ordinary user who can still read a checkout and an interpreter under /root."""
    return [
        *("setpriv", "--reuid=nobody", "--regid", str(pwd.getpwnam("nobody").pw_gid), "--clear-groups"),
        *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--"),
    ]


async def a_supervisor(data_dir: Path, *prefix: str, **variables: str) -> asyncio.subprocess.Process:
    """A supervisor process of its own that has said that it is ready."""
    supervisor = await asyncio.create_subprocess_exec(
        *(*prefix, sys.executable, "-c", SUPERVISOR, str(data_dir)),
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
    )
    assert supervisor.stdout is not None
    async with asyncio.timeout(30):
        while b"ready" not in (line := await supervisor.stdout.readline()):
            assert line, "the supervisor ended"
    return supervisor


async def test_one_ctrl_c_stops_cleanly(tmp_path: Path) -> None:
    supervisor = await a_supervisor(tmp_path)
    family = psutil.Process(supervisor.pid).children(recursive=True)
    supervisor.send_signal(signal.SIGINT)
    async with asyncio.timeout(10):
        assert await supervisor.wait() == 0
    assert len(family) > 5
    assert not any(member.is_running() for member in family)


async def test_a_second_ctrl_c_kills_at_once(tmp_path: Path) -> None:
    supervisor = await a_supervisor(tmp_path, ROCKET_FAKE="stay")
    assert supervisor.stdout is not None
    family = psutil.Process(supervisor.pid).children(recursive=True)
    supervisor.send_signal(signal.SIGINT)
    assert b"stopping" in await supervisor.stdout.readuntil(b"stopping")
    supervisor.send_signal(signal.SIGINT)
    async with asyncio.timeout(2):
        assert await supervisor.wait() == 130
    await eventually(lambda: not any(living(member) for member in family))


async def test_a_killed_supervisor_does_not_prevent_the_next_start(tmp_path: Path) -> None:
    supervisor = await a_supervisor(tmp_path)
    family = psutil.Process(supervisor.pid).children(recursive=True)
    supervisor.kill()
    await supervisor.wait()
    async with a_stack(tmp_path) as stack:
        await stack.ready()
        assert await answer_of(stack.database_url, "SELECT 1") == 1
        await eventually(lambda: not any(living(member) for member in family))


def living(member: psutil.Process) -> bool:
    """Whether it still runs; one that only waits for its parent to take note doesn't."""
    try:
        return member.is_running() and member.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@as_root_only
async def test_an_ordinary_user_can_run_it(tmp_path: Path) -> None:
    os.chown(tmp_path, pwd.getpwnam("nobody").pw_uid, -1)
    programs.reachable()  # where the checkout is closed to others, root's copy of Postgres is theirs to run
    supervisor = await a_supervisor(tmp_path, *as_nobody())
    family = psutil.Process(supervisor.pid).children(recursive=True)
    assert {member.username() for member in family} == {"nobody"}
    supervisor.terminate()
    assert await supervisor.wait() == 0
