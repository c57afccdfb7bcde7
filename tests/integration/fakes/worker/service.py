"""Prints who it is; what it does then stands in ROCKET_FAKE: wait, fail, shout or stay."""

import os
import signal
import sys
import threading


def main() -> None:
    """Returns on SIGTERM (not if it is to stay), or ends with status 3 at once."""
    asked_to_stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked_to_stop.set())
    print(f"worker as {os.environ['ROCKET_SERVICE']} with {os.environ['ROCKET_DATABASE_URL']}")
    match os.environ.get("ROCKET_FAKE", "wait"):
        case "fail":
            print("this is why", file=sys.stderr)
            sys.exit(3)
        case "shout":
            print("x" * 100_000)
        case "stay":
            threading.Event().wait()
    asked_to_stop.wait()
    print("worker leaves")
