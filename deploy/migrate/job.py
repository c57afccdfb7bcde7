"""The steps of the migrate job, in order. All are idempotent; a killed job is run again."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy.migrate import log_owner
from libs.shared.contracts.operations import SERVICES
from libs.shared.postgres.databases import at_server
from libs.shared.postgres.migrations import Migration, apply, load

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = "rocket"
TEMPLATE = "rocket_template"
MINIMUM_VERSION = 180000
LOCK_TIMEOUT = "3s"
"""How long services wait for a lock. It is less than they wait for a connection, so a request that queues for a
connection behind requests that wait for one lock gets it when these give up."""
_LOCK = 7_253_001
"""Advisory lock that keeps two migrate jobs from running at once."""


async def migrate(url: str, passwords: dict[str, str], servers: Mapping[str, str] | None = None) -> None:
    """Bring roles, platform database, templates and all app databases to the version of this code.

    `servers` are further servers for apps, name → DSN of an administrator there.
    """
    async with _locked(url) as admin:
        await _roles(admin, passwords)
        await _database(admin, PLATFORM)
        await _migrate_platform(url)
        places = {"": url, **{name: at_server(dsn, url) for name, dsn in (servers or {}).items()}}
        await _migrate_template(admin, url)
        for place in list(places.values())[1:]:
            async with _locked(place) as elsewhere:
                await _roles(elsewhere, passwords)
                await _migrate_template(elsewhere, place)
        await _migrate_apps(url, places)


@contextlib.asynccontextmanager
async def _locked(url: str) -> AsyncIterator[asyncpg.Connection]:
    """An administrator's connection to a server, with a lock against other migrate jobs."""
    admin = await asyncpg.connect(url, timeout=30)
    try:
        if admin.get_server_version().major * 10000 < MINIMUM_VERSION:
            raise asyncpg.PostgresError("PostgreSQL 18 or newer is needed")
        await admin.execute("SELECT pg_advisory_lock($1)", _LOCK)
        yield admin
    finally:
        await admin.close()


async def _roles(admin: asyncpg.Connection, passwords: dict[str, str]) -> None:
    """Create one role per service, with its session defaults and grants."""
    known = {row["rolname"] for row in await admin.fetch("SELECT rolname FROM pg_roles")}
    if "rocket_services" not in known:
        await admin.execute("CREATE ROLE rocket_services NOLOGIN")
    await log_owner.make_role(admin)
    for service in SERVICES:
        role = f"rocket_{service}"
        verb = "ALTER" if role in known else "CREATE"
        password = await admin.fetchval("SELECT quote_literal($1)", passwords[service])
        await admin.execute(f"{verb} ROLE {role} LOGIN PASSWORD {password}")
        await admin.execute(f"GRANT {role} TO CURRENT_USER; GRANT rocket_services TO {role}")
        await admin.execute(
            f"ALTER ROLE {role} SET timezone = 'UTC'; ALTER ROLE {role} SET jit = off;"
            f"ALTER ROLE {role} SET statement_timeout = '60s'; ALTER ROLE {role} SET lock_timeout = '{LOCK_TIMEOUT}';"
            f"ALTER ROLE {role} SET idle_in_transaction_session_timeout = '30s'"
        )
    await admin.execute("ALTER ROLE rocket_metadata CREATEDB; GRANT pg_signal_backend TO rocket_metadata")
    # Indexes on large tables are built concurrently, in one statement that waits for all older transactions;
    # all other statements are limited by their caller.
    await admin.execute(
        "ALTER ROLE rocket_metadata SET statement_timeout = '1h'; ALTER ROLE rocket_metadata SET lock_timeout = '5s'"
    )


async def _database(admin: asyncpg.Connection, name: str) -> None:
    if not await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
        await admin.execute(f"CREATE DATABASE {name}")


async def _migrate_platform(url: str) -> None:
    connection = await _connect(url, PLATFORM)
    try:
        await _schemas(connection, ("bus", *SERVICES), owner_of_bus="rocket_metadata")
        bus = [Migration("metadata", m.name, m.sql) for m in load(ROOT / "libs/shared/bus/sql/platform", "bus")]
        await _apply(connection, bus)
        await connection.execute(
            "GRANT USAGE ON SCHEMA bus TO rocket_services;"
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bus TO rocket_services"
        )
        for service in SERVICES:
            await _apply(connection, load(ROOT / f"services/{service}/sql/platform", service))
    finally:
        await connection.close()


async def _migrate_template(admin: asyncpg.Connection, url: str) -> None:
    """Migrate the template. Only this job may connect to it, because a database in use can't be cloned."""
    await _database(admin, TEMPLATE)
    await admin.execute(f"ALTER DATABASE {TEMPLATE} WITH ALLOW_CONNECTIONS true IS_TEMPLATE true")
    try:
        await _migrate_app(url, TEMPLATE)
    finally:
        await admin.execute(f"ALTER DATABASE {TEMPLATE} WITH ALLOW_CONNECTIONS false")


async def _migrate_apps(url: str, places: Mapping[str, str]) -> None:
    platform = await _connect(url, PLATFORM)
    try:
        rows = await platform.fetch("SELECT database, server FROM metadata.apps WHERE status = 'active' ORDER BY name")
    finally:
        await platform.close()
    if unknown := sorted({row["server"] for row in rows} - set(places)):
        raise asyncpg.PostgresError(f"apps live on servers that ROCKET_DATABASE_SERVERS does not name: {unknown}")
    for row in rows:
        await _migrate_app(places[row["server"]], row["database"])


async def _migrate_app(url: str, database: str) -> None:
    connection = await _connect(url, database)
    try:
        await _schemas(connection, SERVICES)
        await connection.execute(
            "CREATE SCHEMA IF NOT EXISTS records AUTHORIZATION rocket_metadata;"
            "CREATE SCHEMA IF NOT EXISTS retired AUTHORIZATION rocket_metadata;"
            "GRANT USAGE ON SCHEMA records, metadata TO rocket_data;"
            "ALTER DEFAULT PRIVILEGES FOR ROLE rocket_metadata IN SCHEMA records"
            " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO rocket_data;"
            # Generated keys can be taken before their row is inserted.
            "ALTER DEFAULT PRIVILEGES FOR ROLE rocket_metadata IN SCHEMA records"
            " GRANT USAGE ON SEQUENCES TO rocket_data;"
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA records TO rocket_data"
        )
        for service in SERVICES:
            migrations = load(ROOT / f"services/{service}/sql/app", service)
            if service == log_owner.SERVICE:
                await log_owner.open_log(connection, migrations)
            await _apply(connection, load(ROOT / "libs/shared/bus/sql/app", service))
            await _apply(connection, migrations)
        await log_owner.close_log(connection)
    finally:
        await connection.close()


async def _schemas(connection: asyncpg.Connection, names: tuple[str, ...], owner_of_bus: str = "") -> None:
    for name in names:
        owner = owner_of_bus if name == "bus" else f"rocket_{name}"
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name} AUTHORIZATION {owner}")


async def _apply(connection: asyncpg.Connection, migrations: list[Migration]) -> None:
    for name in await apply(connection, migrations):
        print(f"migrated {re.sub('[^a-zA-Z0-9_/.: -]', '', name)}")


async def _connect(url: str, database: str) -> asyncpg.Connection:
    return await asyncpg.connect(urlunsplit(urlsplit(url)._replace(path=f"/{database}")), timeout=30)
