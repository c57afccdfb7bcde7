"""The life of an app: a database cloned from the template, an admin in it, and the end of both.

Databases can't be made or dropped inside a transaction, so an app's row says what is going on
(`creating`, `active`, `deleting`); a worker finishes or clears away what a crash has interrupted.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import structlog

from libs.shared.contracts.apps import AppsChanged
from libs.shared.contracts.context import AppRef, Context
from libs.shared.contracts.identity import SeedAdmin
from libs.shared.errors import RocketError, invalid_field, not_found
from libs.shared.ids import uuid7
from libs.shared.postgres.databases import Record
from libs.shared.runtime import Core
from services.metadata import store
from services.metadata.naming import quote
from services.metadata.state import State

log = structlog.get_logger()

NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
DRIVERS = ("postgres", "postgresql")
TEMPLATE = "rocket_template"
CREATE_TIME = 60.0
"""Seconds that making a database may take."""

INSERT = """
INSERT INTO metadata.apps (id, name, display_name, database, driver, status)
VALUES ($1, $2, $3, $4, 'postgres', 'creating')
"""
ACTIVATE = "UPDATE metadata.apps SET status = 'active', updated_at = now() WHERE id = $1::text::uuid"
CONDEMN = """
UPDATE metadata.apps SET status = 'deleting', updated_at = now() WHERE name = $1 AND status = 'active'
RETURNING id::text, name, database
"""
REMOVE = "DELETE FROM metadata.apps WHERE id = $1::text::uuid"
INTERRUPTED = """
SELECT id::text, name, database FROM metadata.apps
WHERE status <> 'active' AND updated_at < now() - $1 * interval '1 second'
"""


@dataclass(frozen=True, slots=True)
class NewApp:
    """An app as it is asked for."""

    name: str
    display_name: str


def parse_app(body: dict[str, Any]) -> NewApp:
    """The app asked for. Raises VALIDATION_FAILED."""
    name = body.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise invalid_field("name", "name must begin with a letter and hold a-z, 0-9, _ and - only, at most 63")
    display_name = body.get("display_name") or name
    if not isinstance(display_name, str):
        raise invalid_field("display_name", "display_name must be a string")
    if body.get("db_driver", "postgres") not in DRIVERS:
        raise invalid_field("db_driver", f"db_driver must be one of {', '.join(DRIVERS)}")
    return NewApp(name, display_name)


async def create(core: Core, context: Context, app: NewApp) -> bytes:
    """Make the app; answers its row as JSON. Raises CONFLICT when the name is taken."""
    app_id = uuid7()
    reference = AppRef(str(app_id), app.name, f"rocket_{app.name[:40].replace('-', '_')}_{app_id.hex[-8:]}")
    try:
        await core.databases.platform.execute(INSERT, app_id, app.name, app.display_name, reference.database)
    except RocketError as error:
        if error.code == "CONFLICT":
            raise RocketError("CONFLICT", f"An app named {app.name} exists already") from None
        raise
    try:
        await core.databases.platform.execute(
            f"CREATE DATABASE {quote(reference.database)} TEMPLATE {TEMPLATE}", timeout=CREATE_TIME
        )
        await core.asker.ask(SeedAdmin(), context.for_app(reference))
        await core.databases.platform.execute(ACTIVATE, reference.id)
    except BaseException:
        await asyncio.shield(_remove(core, reference))
        raise
    await core.connection.announce(AppsChanged(app_id=reference.id, app_name=app.name))
    row = await store.get_app(core.databases.platform, app.name)
    if row is None:
        raise not_found("App")
    return row


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
                log.warning("app.cleared_away", app_id=row["id"], name=row["name"])
                await _remove(core, _reference(row))
        except Exception as error:
            log.warning("apps.not_checked", error=str(error))
        await asyncio.sleep(CREATE_TIME)


async def _remove(core: Core, app: AppRef) -> None:
    await core.databases.forget(app.database)
    await core.databases.platform.execute(
        f"DROP DATABASE IF EXISTS {quote(app.database)} WITH (FORCE)", timeout=CREATE_TIME
    )
    await core.databases.platform.execute(REMOVE, app.id)
    await core.connection.announce(AppsChanged(app_id=app.id, app_name=app.name))


def _reference(row: Record) -> AppRef:
    return AppRef(row["id"], row["name"], row["database"])
