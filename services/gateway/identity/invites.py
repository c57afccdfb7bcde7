"""Invites: an admin invites an address; its owner chooses a password and becomes a user."""

from __future__ import annotations

from typing import Any

import orjson

from libs.shared.contracts.accounts import InviteBody, InvitesBody, TokenPasswordBody
from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.emails import same_address
from libs.shared.errors import RocketError, detail_of, not_found
from libs.shared.ids import uuid7
from libs.shared.postgres.databases import after_commit
from services.gateway.identity import audit, mails, sessions, users
from services.gateway.identity.paths import parse_id
from services.gateway.identity.realms import Realm
from services.gateway.identity.store import invites as store
from services.gateway.identity.store import users as user_store
from services.gateway.identity.store.invites import NewInvite

REASONS = {"user": "A user with this email exists already", "invite": "There is a pending invite for this email"}
FIRST_VERSION = 1


async def list_invites(realm: Realm, context: Context) -> Response:
    """All invites, newest first."""
    return Response(body=b'{"data":%s}' % await store.list_all(realm.database))


async def get_invite(realm: Realm, context: Context, invite_id: str) -> Response:
    """One invite."""
    row = await store.get(realm.database, parse_id(invite_id, "Invite"))
    if row is None:
        raise not_found("Invite")
    return Response(body=b'{"data":%s}' % row)


async def create_invite(realm: Realm, context: Context, body: InviteBody) -> Response:
    """An invite, with its token, which is shown once."""
    made, skipped = await _invite(realm, context, [body.email], body.roles)
    if skipped:
        details = [detail_of("email", skipped[0]["reason"], "unique")]
        raise RocketError("CONFLICT", skipped[0]["reason"], details)
    await _mail(realm, context, made, body.mail)
    return Response(201, orjson.dumps({"data": made[0]}), dict(sessions.NO_STORE))


async def create_invites(realm: Realm, context: Context, body: InvitesBody) -> Response:
    """Many invites at once; who can't be invited is skipped."""
    made, skipped = await _invite(realm, context, body.emails, body.roles)
    await _mail(realm, context, made, body.mail)
    created = [{name: row[name] for name in ("id", "email", "token", "expires_at")} for row in made]
    summary = {"total": len(body.emails), "created": len(created), "skipped": len(skipped)}
    data = {"created": created, "skipped": skipped, "summary": summary}
    return Response(200, orjson.dumps({"data": data}), dict(sessions.NO_STORE))


async def first_admin(realm: Realm, context: Context, email: str, roles: list[str]) -> dict[str, Any]:
    """The invite of the first admin of an app, with its token."""
    made, _ = await _invite(realm, context, [email], roles)
    return made[0]


async def delete_invite(realm: Realm, context: Context, invite_id: str) -> Response:
    """Withdraw an invite: its token becomes invalid, and the address can be invited again."""
    identifier = parse_id(invite_id, "Invite")
    async with audit.change(realm, context) as change:
        row = await store.delete(change.transaction, identifier)
        if row is None:
            raise not_found("Invite")
        await change.record("_invites", row["id"], "delete", _image(row), None)
    return Response(body=orjson.dumps({"data": {"id": row["id"], "deleted": True}}))


async def accept(realm: Realm, context: Context, body: TokenPasswordBody) -> Response:
    """Become a user, with the invite's token and a password of one's own.

    Raises NOT_FOUND for an unknown or revoked token, VALIDATION_FAILED with status 400 for an invite that is used up
    or too old, CONFLICT when such a user exists meanwhile.
    """
    password = realm.accounts.passwords.check_policy(body.password)
    invite = await store.find(realm.database, body.token)
    if invite is None:
        raise not_found("Invite")
    if not invite["good"]:
        raise _used_up()
    hashed = await realm.accounts.passwords.hash(password)
    async with audit.change(realm, context) as change:
        if not await store.accept(change.transaction, invite["id"]):
            raise _used_up()
        with users.conflict_if_taken():
            values = (same_address(invite["email"]), hashed, list(invite["roles"]), True)
            row = await user_store.insert(change.transaction, uuid7(), *values)
        user = {name: row[name] for name in ("id", "email", "roles")}
        user_now = {**row, "version": FIRST_VERSION}
        answer = await sessions.begin(realm, change.transaction, user_now, context, also={"user": user})
        await change.record("_users", row["id"], "create", None, {**users.image(row), "invite": str(invite["id"])})
    return Response(201, answer.body, answer.headers)


async def _invite(
    realm: Realm, context: Context, emails: list[str], roles: list[str]
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """The new invites, each with its token, and the addresses that were skipped, each with the reason."""
    invited_by = context.identity.id if context.identity else ""
    async with audit.change(realm, context) as change:
        await store.alone(change.transaction)
        obstacles = await store.obstacles(change.transaction, emails)
        wanted = [NewInvite(email) for email in emails if email not in obstacles]
        rows = await store.insert(change.transaction, wanted, roles, invited_by) if wanted else []
        for row in rows:
            await change.record("_invites", row["id"], "create", None, _image(row))
    for row, invite in zip(rows, wanted, strict=True):
        del row["accepted_at"]
        row["token"] = invite.token
    skipped = [{"email": email, "reason": REASONS[obstacles[email]]} for email in emails if email in obstacles]
    return rows, skipped


async def _mail(realm: Realm, context: Context, made: list[dict[str, Any]], wanted: bool) -> None:
    """Mail new invites once they are committed, after the response."""
    if not wanted or not made:
        return

    async def send() -> None:
        for row in made:
            await mails.invite(realm.accounts, context, row["email"], row["token"])

    async def begin() -> None:
        realm.accounts.jobs.begin("invites", send())

    await after_commit(begin)


def _image(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("email", "roles")}


def _used_up() -> RocketError:
    # The one place where the contract has 400 for this code.
    return RocketError("VALIDATION_FAILED", "The invite was accepted already, or is too old", status=400)
