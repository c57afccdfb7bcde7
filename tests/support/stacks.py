"""Whole systems for tests: all servers and services, on free ports, in a folder of their own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Literal

import aiohttp

from deploy.embedded.settings import Settings
from deploy.embedded.stack import Stack
from tests.support.client import Client
from tests.support.service_logs import LOGS

FAST = {"ROCKET_BCRYPT_ROUNDS": "4", "ROCKET_LOG_LEVEL": os.environ.get("ROCKET_LOG_LEVEL", "warning")}
"""Settings that make tests quick without changing what they test."""


@contextlib.asynccontextmanager
async def running(
    folder: Path,
    *,
    replicas: Mapping[str, int] | None = None,
    variables: Mapping[str, str] | None = None,
    nats_url: str | None = None,
    environment: Literal["development", "production"] = "development",
) -> AsyncIterator[Stack]:
    """A ready stack. Its log is `stack.log` in the folder; the report of a failed test shows its part of it.

    `nats_url` names a NATS server of the caller's own.
    """
    log = folder / "stack.log"
    LOGS.open(log)
    with log.open("w") as output:
        stack = Stack(
            Settings(port=0, data_dir=folder / "data", nats_url=nats_url, environment=environment),
            replicas=replicas,
            variables={**FAST, **(variables or {})},
            postgres_options={
                "fsync": "off",
                # A few hundred databases a minute would be looked after, each by a process of its own.
                "autovacuum": "off",
                "shared_preload_libraries": "pg_stat_statements",
                # Statements that are dropped for others are not counted any more, and each app has its own.
                "pg_stat_statements.max": "100000",
            },
            output=output,
        )
        try:
            async with stack:
                await stack.ready(180)
                LOGS.skip_start(log)
                yield stack
        finally:
            LOGS.close(log)


@contextlib.asynccontextmanager
async def calling(stack: Stack) -> AsyncIterator[Client]:
    """An anonymous client of a stack's first gateway."""
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=64)) as session:
        yield Client(session, stack.gateway_urls[0])
