"""Forgotten passwords: a mail with a token that is good once, for an hour."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.errors import Refusals, RocketError, not_found
from libs.shared.postgres.databases import after_commit
from libs.shared.schema.validation_errors import refuse_unknown
from services.gateway.identity import audit, login_throttle, mails
from services.gateway.identity.realms import Realm
from services.gateway.identity.store import resets as store
from services.gateway.identity.store import sessions, users
from services.gateway.identity.users import parse_email, parse_token

ACCEPTED = b'{"data":{"accepted":true}}'
REFUSED = "The token is not valid, or not any more"


async def forgot(realm: Realm, context: Context, body: dict[str, Any]) -> Response:
    """The same answer, as fast, whether there is such an account; if there is, a mail follows."""
    refuse_unknown(body, ("email",))
    email = parse_email(body.get("email"))
    await login_throttle.admit_reset(realm, context.ip)
    realm.state.accounts.jobs.check_room()
    realm.state.accounts.jobs.begin("forgot", _offer(realm, context, email))
    return Response(202, ACCEPTED)


async def _offer(realm: Realm, context: Context, email: str) -> None:
    """Mail a token, unless the account has had some of late: nobody is to be flooded."""
    issued = await store.issue(realm.database, email)
    if issued is not None:
        token, stored = issued
        # To the address that the account has, never to the one that was typed.
        await mails.reset(realm.state, context, stored, token)


async def reset(realm: Realm, context: Context, body: dict[str, Any]) -> Response:
    """A new password for the token; it is used up, all sessions end, and the place is known to the throttle."""
    refusals = Refusals()
    refusals.of(refuse_unknown, body, ("token", "password"))
    token = refusals.of(parse_token, body)
    password = refusals.of(realm.state.accounts.passwords.check_policy, body.get("password"))
    refusals.tell()
    user = await store.find(realm.database, token)
    if user is None:
        raise RocketError("VALIDATION_FAILED", REFUSED, [{"field": "token", "message": REFUSED}])
    hashed = await realm.state.accounts.passwords.hash(password)
    mark = await realm.state.accounts.revocations.note(realm.scope, user["id"])
    acting = context.for_user(None)
    async with audit.change(realm, acting) as change:
        # Once more, as two may come with it at once.
        if not await store.use(change.transaction, token):
            raise RocketError("VALIDATION_FAILED", REFUSED, [{"field": "token", "message": REFUSED}])
        version = await users.set_password(change.transaction, uuid.UUID(user["id"]), hashed)
        if version is None:
            raise not_found("User")
        await sessions.end_all(change.transaction, uuid.UUID(user["id"]))
        await change.tell("_users", user["id"], "update", {"password": None}, {"password": "***"})
    await after_commit(partial(realm.state.accounts.revocations.settle, mark, version))
    await login_throttle.known_place(realm, user["email"], context.ip)
    return Response(body=b'{"data":{"reset":true}}')
