"""Ports that are chosen once and kept across restarts, in DATA_DIR/ports.json."""

from __future__ import annotations

import json
import random
import socket
from pathlib import Path

from deploy.embedded.datadir import write_private

FILE_NAME = "ports.json"
LOCALHOST = "127.0.0.1"
# Below the kernel's range for outgoing connections: there, the port of a server that is
# restarting could be given to someone else.
PORT_RANGE = range(15_000, 32_000)
MAX_ATTEMPTS = 200


def remembered(data_dir: Path, name: str) -> int:
    """The port stored under `name`, or a new free one if there is none or it is taken."""
    path = data_dir / FILE_NAME
    ports: dict[str, int] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if name not in ports or not is_free(ports[name]):
        ports[name] = _choose(avoid=set(ports.values()))
        write_private(path, json.dumps(ports, indent=2))
    return ports[name]


def is_free(port: int, host: str = LOCALHOST) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _choose(avoid: set[int]) -> int:
    for _ in range(MAX_ATTEMPTS):
        port = random.choice(PORT_RANGE)  # noqa: S311  a port is no secret
        if port not in avoid and is_free(port):
            return port
    raise OSError(f"no free port found between {PORT_RANGE.start} and {PORT_RANGE.stop}")
