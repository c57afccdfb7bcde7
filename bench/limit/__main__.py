"""`python -m bench.limit DSN PORT CONNECTIONS`: serves until it is ended."""

from __future__ import annotations

import sys

import uvloop
from aiohttp import web

from bench.limit.service import application


def main() -> None:
    dsn, port, connections = sys.argv[1:4]
    loop = uvloop.new_event_loop()
    web.run_app(
        application(dsn, int(connections)),
        host="127.0.0.1",
        port=int(port),
        access_log=None,
        print=lambda *_: None,
        loop=loop,
    )


if __name__ == "__main__":
    main()
