"""`python -m bench.load FILE`: drives the load that FILE describes and prints the outcome as JSON."""

from __future__ import annotations

import gc
import json
import sys
from dataclasses import asdict
from pathlib import Path

import uvloop

from bench.load.generator import drive
from bench.load.outcome import Load


def main() -> None:
    """Drive the load without garbage collection, whose pauses would look like the system's."""
    load = Load.read(Path(sys.argv[1]))
    gc.disable()
    print(json.dumps(asdict(uvloop.run(drive(load)))))


if __name__ == "__main__":
    main()
