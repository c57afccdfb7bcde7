"""A copy of the app's database: the same tables, indexes, rows and log, as if Rocket had written them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg

from bench.load.running import call
from bench.systems.rocket import other_database
from deploy.embedded.postgres import binaries


async def clone(source_url: str, name: str, folder: Path) -> str:
    """Copies a database of a Postgres server to a new one beside it; answers its DSN."""
    target_url = other_database(source_url, name)
    connection = await asyncpg.connect(other_database(source_url, "postgres"))
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    dump = str(folder / f"{name}.dump")
    await client("pg_dump", source_url, "--format=custom", "--compress=none", "--file", dump)
    await client("pg_restore", target_url, "--no-owner", "--no-acl", "--exit-on-error", dump)
    return target_url


async def client(program: str, url: str, *arguments: str) -> str:
    """What a client program of Postgres prints, run against the database of a DSN."""
    parts = urlsplit(url)
    environment = {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.lstrip("/"),
        "LC_ALL": "C",
    }
    database = ["--dbname", environment["PGDATABASE"]] if program == "pg_restore" else []
    return await call(str(binaries() / program), *database, *arguments, environment=environment)
