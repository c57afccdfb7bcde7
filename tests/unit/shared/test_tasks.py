"""A TaskSet keeps its tasks, logs their failures and ends them."""

import asyncio
import gc

from structlog.testing import capture_logs

from libs.shared.concurrency.tasks import TaskSet


async def test_a_task_is_kept_until_it_ends() -> None:
    tasks, done = TaskSet("test"), asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0.01)
        done.set()

    tasks.start(work())
    gc.collect()
    assert len(tasks) == 1
    await done.wait()
    await asyncio.sleep(0)
    assert len(tasks) == 0


async def test_a_failure_is_logged_with_the_owner() -> None:
    tasks = TaskSet("test")

    async def fail() -> None:
        raise ValueError

    with capture_logs() as logs:
        tasks.start(fail())
        await asyncio.sleep(0.01)
    assert [(entry["event"], entry["owner"]) for entry in logs] == [("task.failed", "test")]


async def test_closing_waits_for_the_given_time_and_cancels_the_rest() -> None:
    tasks = TaskSet("test")
    quick, slow = tasks.start(asyncio.sleep(0.01, "quick")), tasks.start(asyncio.sleep(60))
    with capture_logs() as logs:
        await tasks.close(0.1)
    assert quick.result() == "quick"
    assert slow.cancelled()
    assert len(tasks) == 0
    assert not logs


async def test_closing_without_a_time_cancels_at_once() -> None:
    tasks = TaskSet("test")
    task = tasks.start(asyncio.sleep(60))
    await tasks.close()
    assert task.cancelled()
