"""`python -m deploy.embedded`: starts everything, creates the demo app, prints the address, waits for Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator

from deploy.embedded import admin_build, demo
from deploy.embedded.errors import CannotStart
from deploy.embedded.settings import Settings
from deploy.embedded.stack import Stack
from libs.shared.process_title import set_process_title

EXIT_CANNOT_START = 2
EXIT_KILLED = 130


async def serve(stack: Stack) -> None:
    """Run the stack until cancelled, then stop it cleanly."""
    async with stack, building(stack.settings):
        await stack.ready()
        await greet(stack)
        await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def building(settings: Settings) -> AsyncIterator[None]:
    """Build the Admin UI in the background, unless the settings say otherwise."""
    task = asyncio.create_task(admin_build.keep_built(settings.data_dir, say)) if settings.admin_build else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            await asyncio.wait([task])


def say(line: str) -> None:
    """Print a line without buffering."""
    print(f"rocket: {line}", flush=True)


async def greet(stack: Stack) -> None:
    """Create the demo app and print first requests. Only development has default users."""
    url = stack.gateway_urls[0]
    if stack.settings.environment != "development":
        print(f"Rocket is ready: {url}", flush=True)
        return
    try:
        await demo.install(url)
    except demo.DemoFailed as error:
        print(f"rocket: the demo app is not complete: {error}", file=sys.stderr)
    print(demo.welcome(url), flush=True)


def stop_on_signals(stack: Stack, work: asyncio.Task[None]) -> None:
    """Stop cleanly at the first Ctrl-C or SIGTERM, and kill at the second."""

    def on_signal() -> None:
        if work.cancelling():
            stack.kill_now()
            admin_build.kill_now()
            os._exit(EXIT_KILLED)
        print("\nstopping (once more to kill)", flush=True)
        work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)


async def run(stack: Stack) -> None:
    """Serve until a signal; return after a clean stop."""
    work = asyncio.create_task(serve(stack))
    stop_on_signals(stack, work)
    try:
        await work
    except asyncio.CancelledError:
        return


def main() -> int:
    """Return the exit status: 0 after a clean stop, 2 with one line on stderr if starting failed."""
    set_process_title("supervisor")
    try:
        asyncio.run(run(Stack(Settings.from_environment(os.environ))))
    except CannotStart as error:
        print(f"rocket: {error}", file=sys.stderr)
        return EXIT_CANNOT_START
    return 0


if __name__ == "__main__":
    sys.exit(main())
