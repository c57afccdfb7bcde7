"""The life of an app: a database cloned from the template, an admin in it, and the end of both.

Databases can't be made or dropped inside a transaction, so an app's row says what is going on
(`creating`, `active`, `deleting`); a worker finishes or clears away what a crash has interrupted.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from libs.shared.contracts.apps import AppsChanged, is_origin
from libs.shared.contracts.context import AppRef, Context
from libs.shared.contracts.identity import SeedAdmin, Seeded
from libs.shared.errors import Refusals, RocketError, invalid_field, not_found
from libs.shared.ids import uuid7
from libs.shared.postgres.databases import Record
from libs.shared.runtime import Core
from libs.shared.schema.validation_errors import refuse_unknown
from services.metadata.model.identifiers import quote
from services.metadata.state import State
from services.metadata.store import definitions as store

log = structlog.get_logger()

NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
MOST_ORIGINS = 100
FORM = ("name", "display_name", "db_driver", "server", "cors_origins", "admin")
DRIVERS = ("postgres", "postgresql")
TEMPLATE = "rocket_template"
LONGEST_PASSWORD = 72
"""Bytes; bcrypt reads no further."""
CREATE_TIME = 60.0
"""Seconds that making a database may take."""

INSERT = """
INSERT INTO metadata.apps (id, name, display_name, database, driver, status, server, cors_origins)
VALUES ($1, $2, $3, $4, 'postgres', 'creating', $5, $6)
"""
ACTIVATE = "UPDATE metadata.apps SET status = 'active', updated_at = now() WHERE id = $1::text::uuid"
CONDEMN = """
UPDATE metadata.apps SET status = 'deleting', updated_at = now() WHERE name = $1 AND status = 'active'
RETURNING id::text, name, database, server
"""
REMOVE = """
WITH _mended AS (DELETE FROM bus.standstills WHERE app_id = $1)
DELETE FROM metadata.apps WHERE id = $1::text::uuid
"""
INTERRUPTED = """
SELECT id::text, name, database, server FROM metadata.apps
WHERE status <> 'active' AND updated_at < now() - $1 * interval '1 second'
"""


@dataclass(frozen=True, slots=True)
class NewApp:
    """An app as it is asked for."""

    name: str
    display_name: str
    server: str
    cors_origins: list[str]
    admin_email: str = ""
    admin_password: str = field(default="", repr=False)


def parse_app(body: dict[str, Any], servers: Sequence[str]) -> NewApp:
    """The app asked for; `servers` are those it may be placed on. Raises VALIDATION_FAILED."""
    refusals = Refusals()
    refusals.of(refuse_unknown, body, FORM)
    name = refusals.of(_parse_name, body.get("name"))
    display_name = refusals.of(_parse_display_name, body.get("display_name"))
    refusals.of(_check_driver, body.get("db_driver", "postgres"))
    server = refusals.of(_parse_server, body.get("server"), servers)
    origins = refusals.of(parse_origins, body.get("cors_origins") or [])
    admin = refusals.of(_parse_admin, body.get("admin"))
    refusals.tell()
    return NewApp(name, display_name or name, server, origins, *admin)


def _parse_name(name: Any) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise invalid_field("name", "name must begin with a letter and hold a-z, 0-9, _ and - only, at most 63")
    return name


def _parse_display_name(name: Any) -> str:
    if not isinstance(name or "", str):
        raise invalid_field("display_name", "display_name must be a string")
    return name or ""


def _check_driver(driver: Any) -> None:
    if driver not in DRIVERS:
        raise invalid_field("db_driver", f"db_driver must be one of {', '.join(DRIVERS)}")


def _parse_server(server: Any, servers: Sequence[str]) -> str:
    if server and server not in servers:
        known = ", ".join(servers) or "there are none besides the platform's"
        raise invalid_field("server", f"server must be the name of a database server: {known}")
    return server or ""


def parse_origins(value: Any) -> list[str]:
    """Origins whose pages may call an app. Raises VALIDATION_FAILED."""
    if not isinstance(value, list) or not all(isinstance(origin, str) and is_origin(origin) for origin in value):
        raise invalid_field("cors_origins", "cors_origins must be a list of origins such as https://app.example.com")
    if len(value) > MOST_ORIGINS:
        raise invalid_field("cors_origins", f"cors_origins may name {MOST_ORIGINS} origins at most")
    return value


async def change(core: Core, name: str, body: dict[str, Any]) -> bytes:
    """Change what can be changed of an app; answers its row as JSON. Raises VALIDATION_FAILED, NOT_FOUND."""
    refuse_unknown(body, ("display_name", "cors_origins"))
    display_name = body.get("display_name")
    if display_name is not None and (not isinstance(display_name, str) or not display_name):
        raise invalid_field("display_name", "display_name must be a string")
    origins = parse_origins(body["cors_origins"]) if "cors_origins" in body else None
    row = await store.change_app(core.databases.platform, name, display_name, origins)
    if row is None:
        raise not_found("App")
    await core.connection.announce(AppsChanged(app_id=row["id"], app_name=name))
    shown: str = row["shown"]
    return shown.encode()


def _parse_admin(admin: Any) -> tuple[str, str]:
    """Address and password of the first admin; without a password they are invited. The gateway looks at the rest."""
    if admin is None:
        return "", ""
    if isinstance(admin, dict):
        refuse_unknown(admin, ("email", "password"), "admin")
    if not isinstance(admin, dict) or not isinstance(admin.get("email"), str) or "@" not in admin["email"]:
        raise invalid_field("admin.email", "admin must have an email", "required")
    password = admin.get("password")
    if password is not None and (not isinstance(password, str) or not 1 <= len(password.encode()) <= LONGEST_PASSWORD):
        raise invalid_field("admin.password", f"admin.password must have 1 to {LONGEST_PASSWORD} bytes")
    return admin["email"], password or ""


async def create(core: Core, context: Context, app: NewApp) -> tuple[bytes, Seeded]:
    """Make the app; answers its row as JSON, and what came of its first admin.

    Raises CONFLICT when the name is taken, VALIDATION_FAILED when the admin can't be one.
    """
    app_id = uuid7()
    database = f"rocket_{app.name[:40].replace('-', '_')}_{app_id.hex[-8:]}"
    reference = AppRef(str(app_id), app.name, database, app.server)
    values = (app_id, app.name, app.display_name, database, app.server, app.cors_origins)
    try:
        await core.databases.platform.execute(INSERT, *values)
    except RocketError as error:
        if error.code == "CONFLICT":
            raise RocketError("CONFLICT", f"An app named {app.name} exists already") from None
        raise
    try:
        await core.databases.maintenance(app.server).execute(
            f"CREATE DATABASE {quote(reference.database)} TEMPLATE {TEMPLATE}", timeout=CREATE_TIME
        )
        seeding = SeedAdmin(app.admin_email, app.admin_password)
        seeded = await core.rpc.request(seeding, context.for_app(reference))
        await core.databases.platform.execute(ACTIVATE, reference.id)
    except BaseException:
        await asyncio.shield(_remove(core, reference))
        raise
    await core.connection.announce(AppsChanged(app_id=reference.id, app_name=app.name))
    row = await store.get_app(core.databases.platform, app.name)
    if row is None:
        raise not_found("App")
    return row, seeded


async def delete(core: Core, name: str) -> None:
    """End the app and all its data. Raises NOT_FOUND."""
    row = await core.databases.platform.fetchrow(CONDEMN, name)
    if row is None:
        raise not_found("App")
    await core.connection.announce(AppsChanged(app_id=row["id"], app_name=name))
    await _remove(core, _reference(row))


async def finish_interrupted(state: State) -> None:
    """Remove, from time to time, what a crash left half made or half deleted."""
    core = state.core
    while True:
        try:
            for row in await core.databases.platform.fetch(INTERRUPTED, CREATE_TIME * 2):
                await _clear_away(core, _reference(row))
        except Exception as error:
            log.warning("apps.not_checked", error=str(error))
        await asyncio.sleep(CREATE_TIME)


async def _clear_away(core: Core, app: AppRef) -> None:
    """One that can't be removed, as its server is away, must not keep the others."""
    try:
        await _remove(core, app)
        log.warning("app.cleared_away", app_id=app.id, name=app.name)
    except RocketError as error:
        log.warning("app.not_cleared_away", app_id=app.id, name=app.name, error=error.message)


async def _remove(core: Core, app: AppRef) -> None:
    await core.databases.forget(app)
    await core.databases.maintenance(app.server).execute(
        f"DROP DATABASE IF EXISTS {quote(app.database)} WITH (FORCE)", timeout=CREATE_TIME
    )
    await core.databases.platform.execute(REMOVE, app.id)
    await core.connection.announce(AppsChanged(app_id=app.id, app_name=app.name))


def _reference(row: Record) -> AppRef:
    return AppRef(row["id"], row["name"], row["database"], row["server"])
