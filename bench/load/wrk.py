"""The load generator wrk (Debian package of that name), fed with our bytes by wrk.lua."""

from __future__ import annotations

import json
import re
from pathlib import Path

from bench.load.outcome import Load, Outcome

SCRIPT = Path(__file__).with_name("wrk.lua")
OUTCOME = re.compile(r"^outcome (\{.*\})$", re.MULTILINE)


def command(load: Load, folder: Path) -> list[str]:
    """The command that runs it; writes the requests to `folder`."""
    path = folder / "load.bin"
    path.write_bytes(b"".join(b"%d\n%s" % (len(request), request) for request in load.requests))
    return [
        *("wrk", "--threads", "1", "--connections", str(load.connections), "--duration", f"{round(load.seconds)}s"),
        *("--timeout", "10s", "--script", str(SCRIPT), f"http://{load.host}:{load.port}", "--", str(path)),
    ]


def read(output: str) -> Outcome:
    """The outcome written by the script. Raises ValueError if there is none."""
    match = OUTCOME.search(output)
    if match is None:
        raise ValueError(f"wrk told no outcome: {output[-500:]}")
    told = json.loads(match[1])
    return Outcome(
        requests=told["requests"],
        seconds=told["seconds"],
        failures={name: count for name, count in told["failures"].items() if count},
        median_ms=told["median_ms"],
        p99_ms=told["p99_ms"],
        bytes_per_answer=told["bytes"] / max(1, told["requests"]),
    )
