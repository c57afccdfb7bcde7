"""View tokens: an admin sees an app as one of its users does, and can change nothing.

A view token has the user's roles and rights and ends with them. It also ends with the session, or API key, and the
rights of the admin. It can't be renewed.
"""

from __future__ import annotations

from typing import Any

import orjson

from libs.shared.contracts.accounts import ACCESS_TOKEN_LIFETIME_S
from libs.shared.contracts.context import Context, Viewer
from libs.shared.contracts.messages import Response
from libs.shared.errors import RocketError, not_found
from libs.shared.ids import random_uuid
from services.gateway.identity import audit, sessions
from services.gateway.identity.paths import parse_id
from services.gateway.identity.realms import Realm
from services.gateway.identity.store import users
from services.gateway.identity.tokens import Subject

AUDITED = "_view_tokens"


async def create_view_token(realm: Realm, context: Context, user_id: str) -> Response:
    """A read-only token that sees what a user sees, for 15 minutes."""
    row = await users.find(realm.database, parse_id(user_id, "User"))
    if row is None:
        raise not_found("User")
    if not row["active"]:
        raise RocketError("INVALID_STATE", "The user is not active, and sees nothing")
    subject = Subject(row["id"], row["email"], list(row["roles"]), row["version"], random_uuid())
    token = realm.accounts.tokens.issue(realm.scope, subject, _viewer(context))
    user: dict[str, Any] = {"id": row["id"], "email": row["email"], "roles": list(row["roles"])}
    async with audit.change(realm, context) as change:
        await change.record(AUDITED, row["id"], "create", None, {"user": row["email"]})
    data = {"access_token": token, "expires_in": ACCESS_TOKEN_LIFETIME_S, "user": user}
    return Response(201, orjson.dumps({"data": data}), dict(sessions.NO_STORE))


def _viewer(context: Context) -> Viewer:
    """The admin who looks."""
    admin = context.user
    proof = admin.credential
    assert proof is not None, "authentication sets the credential"
    return Viewer(admin.id, admin.email, proof.user[0], proof.id, proof.version)
