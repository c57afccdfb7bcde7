"""The commands: request, print, return whether all is well."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from deploy.cli.api import Api, of_app
from deploy.cli.printing import Printer

Command = Callable[[Api, argparse.Namespace, Printer], Awaitable[bool]]
Adder = Callable[[str, str, Command], argparse.ArgumentParser]

VERIFIED_PROJECTIONS = ("log", "records", "audit", "activity", "webhook", "workflow", "notify")
"""The projections that can be compared with the log."""
POLL_INTERVAL_S = 0.2
"""Seconds between two requests about a running replay."""
MAX_LAG_EVENTS = 1_000
"""The number of unhandled messages from which doctor reports a lag."""


async def apps(api: Api, arguments: argparse.Namespace, printer: Printer) -> bool:
    """List the apps."""
    printer.rows((await api.call("GET", "/api/_platform/apps"))["data"], ("name", "status", "db_name", "created_at"))
    return True


async def projections(api: Api, arguments: argparse.Namespace, printer: Printer) -> bool:
    """Show how far everything has come; false while something lags or a service is away."""
    listed = await api.call("GET", of_app(arguments.app, "/_admin/projections"))
    printer.rows(listed["data"], ("name", "service", "position", "lag", "hash"))
    return not listed["meta"]["unavailable"] and not any(row["lag"] for row in listed["data"])


async def verify(api: Api, arguments: argparse.Namespace, printer: Printer) -> bool:
    """Compare projections with the log, one after the other; false if one differs."""
    equal = True
    for name in arguments.projection or VERIFIED_PROJECTIONS:
        found = await _finished(api, arguments, printer, name, "verify")
        equal = equal and bool(found.get("equal"))
    return equal


async def rebuild(api: Api, arguments: argparse.Namespace, printer: Printer) -> bool:
    """Rebuild a projection."""
    return bool((await _finished(api, arguments, printer, arguments.projection, "rebuild"))["status"] == "done")


async def repair(api: Api, arguments: argparse.Namespace, printer: Printer) -> bool:
    """Repair wrong entries of the log; false if some are left, or would be."""
    found: dict[tuple[int, int], dict[str, Any]] = {}
    body, checked = {"dry_run": arguments.dry_run, "after": ""}, 0
    while body["after"] is not None:
        response = (await api.call("POST", of_app(arguments.app, "/_admin/log/repair"), body))["data"]
        done = "would be repaired" if arguments.dry_run else "repaired"
        for outcome, rows in ((done, response["repaired"]), ("left", response["left"])):
            found |= {(row["position"], row["n"]): {"outcome": outcome, **row} for row in rows}
        checked += response["checked"]
        body["after"] = response["next"]
        printer.progress(f"repair: {checked} entries")
    printer.progress("")
    shown = [{**row, "faults": "; ".join(row["faults"])} for row in found.values()]
    if found or printer.as_json:
        columns = ("outcome", "position", "n", "entity", "record_id", "version", "faults", "reason")
        printer.rows(list(found.values()) if printer.as_json else shown, columns)
    else:
        printer.say(f"All is well: {checked} entries were looked at", {})
    return not any(row["outcome"] == "left" for row in found.values())


async def letters(api: Api, arguments: argparse.Namespace, printer: Printer) -> bool:
    """List the dead letters; false if there are any."""
    found = (await api.call("GET", of_app(arguments.app, "/_admin/dead-letters")))["data"]
    rows = [{**letter, "letter": f"{letter['service']}/{letter['id']}"} for letter in found]
    printer.rows(rows, ("letter", "consumer", "record_key", "attempts", "parked_at", "error"))
    return not rows


async def replay(api: Api, arguments: argparse.Namespace, printer: Printer) -> bool:
    """Handle a dead letter again, with those of its record behind it."""
    path = of_app(arguments.app, f"/_admin/dead-letters/{arguments.letter}/replay")
    done = (await api.call("POST", path))["data"]
    printer.say(f"{done['replayed']} handled", done)
    return True


async def discard(api: Api, arguments: argparse.Namespace, printer: Printer) -> bool:
    """Give a dead letter up."""
    done = (await api.call("DELETE", of_app(arguments.app, f"/_admin/dead-letters/{arguments.letter}")))["data"]
    printer.say(f"given up; {done['behind']} of the same record wait behind it", done)
    return True


async def tail(api: Api, arguments: argparse.Namespace, printer: Printer) -> bool:
    """Show commits as they happen, oldest first."""
    seen = 0
    while True:
        most = min(100, max(1, arguments.last)) if not seen else 100
        rows = (await api.call("GET", of_app(arguments.app, f"/_commits?per_page={most}")))["data"]
        for row in sorted(rows, key=lambda row: int(row["position"])):
            if row["position"] > seen:
                seen = row["position"]
                who, what = row["user"]["email"], ", ".join(row["entities"])
                printer.say(
                    f"{row['at']}  {seen:>8}  {row['cause'] or 'request':<10} {who}: {row['size']} of {what}", row
                )
        if arguments.once:
            return True
        await asyncio.sleep(POLL_INTERVAL_S * 5)


async def doctor(api: Api, arguments: argparse.Namespace, printer: Printer) -> bool:
    """Look for anything wrong; false if there is something."""
    _, ready = await api.request("GET", "/readyz")
    problems = [problem for name, state in ready["services"].items() for problem in _ailing(name, state)]
    problems += [
        {"where": each["app"] or each["service"], "problem": f"{each['service']}, {each['what']}: {each['reason']}"}
        for each in ready["degraded"]
        if not each["app"] or not arguments.app or each["app"] in arguments.app
    ]
    names = arguments.app or [app["name"] for app in (await api.call("GET", "/api/_platform/apps"))["data"]]
    for name in names:
        problems += await _ailing_app(api, name)
    if problems or printer.as_json:
        printer.rows(problems, ("where", "problem"))
    else:
        printer.say(f"All is well: {len(ready['services'])} services and {len(names)} apps were looked at", {})
    return not problems


def _ailing(service: str, state: dict[str, Any]) -> list[dict[str, str]]:
    found = [f"{check}: {result}" for check, result in state["checks"].items() if result != "ok"]
    found += [f"{name} has not handled {lag} yet" for name, lag in state["lag"].items() if lag > MAX_LAG_EVENTS]
    return [{"where": service, "problem": problem} for problem in found]


async def _ailing_app(api: Api, app: str) -> list[dict[str, str]]:
    found = []
    letters = (await api.call("GET", of_app(app, "/_admin/dead-letters")))["data"]
    if letters:
        found.append(f"{len(letters)} dead letters, the last: {letters[0]['error']}")
    listed = await api.call("GET", of_app(app, "/_admin/projections"))
    found += [f"no answer of {service}" for service in listed["meta"]["unavailable"]]
    for row in listed["data"]:
        if row["lag"] > MAX_LAG_EVENTS:
            found.append(f"{row['name']} is {row['lag']} commits behind")
        for kind in ("verify", "rebuild"):
            if (last := row[kind]) and (last["status"] == "failed" or last.get("differences")):
                what = last["error"] or f"{last['differences']} differences, the first: {last['first_differences'][0]}"
                found.append(f"{kind} of {row['name']}: {what}")
    return [{"where": app, "problem": problem} for problem in found]


async def _finished(api: Api, arguments: argparse.Namespace, printer: Printer, name: str, kind: str) -> Any:
    """The verification or rebuild, once it has ended."""
    body = {"only": arguments.only} if arguments.only and name == "records" else None
    base = of_app(arguments.app, f"/_admin/projections/{name}")
    begun = (await api.call("POST", f"{base}/{kind}", body))["data"]
    while not (found := (await api.call("GET", f"{base}/replays/{begun['id']}"))["data"])["finished_at"]:
        printer.progress(f"{kind} {name}: {found.get('checked', 0)} of {found.get('total') or '?'}")
        await asyncio.sleep(POLL_INTERVAL_S)
    printer.progress("")
    printer.say(_outcome(found), found)
    return found


def _outcome(found: dict[str, Any]) -> str:
    head = f"{found['projection']}: {found.get('checked', 0)}"
    if found["status"] == "failed":
        return f"{found['projection']}: failed: {found['error']}"
    if found["kind"] == "rebuild":
        return f"{head} made anew"
    compared = f"{head} {'records' if found['projection'] == 'records' else 'log entries'} compared"
    if found["equal"]:
        return f"{compared}, as the log says, hash {found.get('hash', '-')}"
    first = "; ".join(f"{key} {value}" for key, value in found["first_differences"][0].items() if key != "what")
    return f"{compared}, {found['differences']} differ: {found['first_differences'][0]['what']} ({first})"
