"""`deploy/rocket …`, or `python -m deploy.cli …`: parse, run, print; exits with 0, 1 (found something wrong) or 2."""

from __future__ import annotations

import asyncio
import contextlib
import sys

import aiohttp

from deploy.cli.api import Api, Refused
from deploy.cli.arguments import parse
from deploy.cli.printing import Printer


def main() -> None:
    """Run one command."""
    arguments = parse(sys.argv[1:])
    printer = Printer(as_json=arguments.json)

    async def run() -> bool:
        async with Api.opened(arguments.url, arguments.token, arguments.email, arguments.password) as api:
            ok: bool = await arguments.run(api, arguments, printer)
            return ok

    try:
        ok = asyncio.run(run())
    except Refused as refusal:
        printer.refuse(refusal.code, refusal.message)
        raise SystemExit(2) from None
    except (aiohttp.ClientError, TimeoutError) as error:
        printer.refuse("UNREACHABLE", f"{arguments.url}: {str(error) or type(error).__name__}")
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    raise SystemExit(0 if ok else 1)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
