"""Apps: created, listed, changed, deleted."""

from __future__ import annotations

from libs.shared import exact
from libs.shared.bodies import parse_body
from libs.shared.contracts import apps as contracts
from libs.shared.contracts.app_bodies import AppBody, NewAppBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import not_found
from libs.shared.schema.kinds import SETTINGS
from libs.shared.schema.snapshot import settings_in
from services.metadata.apps import lifecycle
from services.metadata.handlers import replies
from services.metadata.state import State
from services.metadata.store import apps, definitions


async def create_app(state: State, context: Context, request: contracts.CreateApp) -> Response:
    row, seeded = await lifecycle.create(state.core, context, parse_body(NewAppBody, request.body))
    if seeded.invite is None:
        return Response(201, b'{"data":' + row + b"}")
    # A secret, shown only here.
    invited = b'{"data":' + row[:-1] + b',"admin_invite":' + exact.dumps(seeded.invite) + b"}}"
    return Response(201, invited, {"Cache-Control": "no-store"})


async def list_apps(state: State, context: Context, request: contracts.ListApps) -> Response:
    return Response(body=b'{"data":' + await apps.list_all(state.core.databases.platform) + b"}")


async def get_app(state: State, context: Context, request: contracts.GetApp) -> Response:
    row = await apps.get(state.core.databases.platform, request.app_name)
    if row is None:
        raise not_found("App")
    return Response(body=b'{"data":' + row + b"}")


async def change_app(state: State, context: Context, request: contracts.ChangeApp) -> Response:
    row = await lifecycle.change(state.core, request.app_name, parse_body(AppBody, request.body))
    return Response(body=b'{"data":' + row + b"}")


async def delete_app(state: State, context: Context, request: contracts.DeleteApp) -> Response:
    await lifecycle.delete(state.core, request.app_name)
    return replies.data({"name": request.app_name, "deleted": True})


async def find_apps(state: State, context: Context, request: contracts.FindApps) -> contracts.AppList:
    rows = await apps.find(state.core.databases.platform, request.app_name, request.app_id)
    return contracts.AppList([(row["id"], row["name"], row["database"], row["server"]) for row in rows])


async def find_origins(state: State, context: Context, request: contracts.FindOrigins) -> contracts.Origins:
    """Those that the platform has given the app, and those in its own settings."""
    app, databases = context.the_app, state.core.databases
    own = await definitions.list_of_kind(databases.of(app), SETTINGS.name)
    given = await apps.find_origins(databases.platform, app.id)
    return contracts.Origins([*given, *settings_in([row.document for row in own]).cors_origins])
