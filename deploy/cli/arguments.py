"""The arguments of the command line: the table of all commands."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from deploy.cli import commands

URL = f"http://127.0.0.1:{os.environ.get('PORT') or 8080}"
"""Where `make run` listens, if it has the same `PORT`."""
EPILOG = """ROCKET_URL is the gateway's address; ROCKET_TOKEN, or ROCKET_PLATFORM_ADMIN_EMAIL and
ROCKET_PLATFORM_ADMIN_PASSWORD, are your login. Without them: those of `make run` in development."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command and its arguments. Exits with 2 and the usage if they are wrong."""
    parser = argparse.ArgumentParser(prog="rocket", description="Operates Rocket.", epilog=EPILOG)
    parser.set_defaults(
        token=os.environ.get("ROCKET_TOKEN", ""),
        email=os.environ.get("ROCKET_PLATFORM_ADMIN_EMAIL") or "platform@localhost",
        password=os.environ.get("ROCKET_PLATFORM_ADMIN_PASSWORD") or "changeme",
    )
    command = _adder(parser)
    _overview(command)
    _replays(command)
    _dead_letter(command)
    _tail(command)
    return parser.parse_args(arguments)


def _adder(parser: argparse.ArgumentParser) -> commands.Adder:
    """The function that adds a command to `parser`, with the options of all commands."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="one JSON document a line, for programs")
    common.add_argument("--url", default=os.environ.get("ROCKET_URL") or URL, help="the gateway's address")
    verbs = parser.add_subparsers(metavar="command", required=True)

    def command(name: str, text: str, run: commands.Command) -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, help=text, description=text, parents=[common])
        verb.set_defaults(run=run)
        return verb

    return command


def _overview(command: commands.Adder) -> None:
    command("apps", "List the apps.", commands.apps)
    doctor = command("doctor", "Look for anything wrong: services, lags, dead letters, differences.", commands.doctor)
    doctor.add_argument("app", nargs="*", help="these apps only")
    for name, text, run in (
        ("projections", "Show how far everything derived from an app's log has come.", commands.projections),
        ("letters", "List the events that could not be handled.", commands.letters),
    ):
        command(name, text, run).add_argument("app")


def _replays(command: commands.Adder) -> None:
    verify = command(
        "verify", "Prove that projections are what the log says, or name the first difference.", commands.verify
    )
    verify.add_argument("app")
    known = "log, records, audit, activity, webhook, workflow, notify"
    verify.add_argument("projection", nargs="*", help=f"{known}; all of them if none is named")
    rebuild = command("rebuild", "Rebuild a projection from the log, while everything goes on.", commands.rebuild)
    rebuild.add_argument("app")
    rebuild.add_argument("projection", choices=("records", "audit", "activity"))
    repair = command(
        "repair", "Repair wrong entries of the log, and name those that can't be repaired.",
        commands.repair,
    )  # fmt: skip
    repair.add_argument("app")
    repair.add_argument("--dry-run", action="store_true", help="change nothing, print what would be repaired")
    for verb in (verify, rebuild):
        verb.add_argument("--only", default="", metavar="ENTITY", help="one entity or join table of the records")


def _dead_letter(command: commands.Adder) -> None:
    for name, text, run in (
        ("replay", "Handle a dead letter again, with those behind it.", commands.replay),
        ("discard", "Give a dead letter up.", commands.discard),
    ):
        letter = command(name, text, run)
        letter.add_argument("app")
        letter.add_argument("letter", help="<service>/<id>, as `letters` shows it")


def _tail(command: commands.Adder) -> None:
    tail = command("tail", "Show commits as they happen.", commands.tail)
    tail.add_argument("app")
    tail.add_argument("--last", type=int, default=10, metavar="N", help="begin with the last N (at most 100)")
    tail.add_argument("--once", action="store_true", help="do not wait for more")
