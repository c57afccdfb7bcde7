"""Invites: an admin asks somebody in, who chooses a password and is a user from then on."""

from __future__ import annotations

from typing import Any

import orjson

from libs.shared.contracts.context import Context
from libs.shared.contracts.messages import Response
from libs.shared.emails import same_address
from libs.shared.errors import Refusals, RocketError, detail_of, invalid_field, not_found
from libs.shared.ids import uuid7
from libs.shared.postgres.databases import after_commit
from libs.shared.schema.validation_errors import refuse_unknown
from services.gateway.identity import audit, mails, sessions
from services.gateway.identity.realms import Realm
from services.gateway.identity.store import invites as store
from services.gateway.identity.store import users
from services.gateway.identity.store.invites import NewInvite
from services.gateway.identity.users import parse_email, parse_id, parse_roles, parse_token, taken, told

MOST = 10_000
"""Addresses invited at once."""
REASONS = {"user": "A user with this email exists already", "invite": "There is a pending invite for this email"}
FIRST_VERSION = 1


async def list_invites(realm: Realm) -> Response:
    return Response(body=b'{"data":%s}' % await store.list_all(realm.database))


async def get_invite(realm: Realm, invite_id: str) -> Response:
    row = await store.get(realm.database, parse_id(invite_id, "Invite"))
    if row is None:
        raise not_found("Invite")
    return Response(body=b'{"data":%s}' % row)


async def create_invite(realm: Realm, context: Context, body: dict[str, Any]) -> Response:
    """One invite, with its token. Raises CONFLICT for a user's address, or one with a pending invite."""
    refusals = Refusals()
    refusals.of(refuse_unknown, body, ("email", "roles", "mail"))
    email, roles = refusals.of(parse_email, body.get("email")), refusals.of(parse_roles, body)
    mailed = refusals.of(_wants_mail, body)
    refusals.tell()
    made, skipped = await _invite(realm, context, [email], roles)
    if skipped:
        details = [detail_of("email", skipped[0]["reason"], "unique")]
        raise RocketError("CONFLICT", skipped[0]["reason"], details)
    await _deliver(realm, context, made, mailed)
    return Response(201, orjson.dumps({"data": made[0]}), dict(sessions.SECRET))


async def first(realm: Realm, context: Context, email: str, roles: list[str]) -> dict[str, Any]:
    """The invite of the first admin of an app, with its token."""
    made, _ = await _invite(realm, context, [email], roles)
    return made[0]


async def create_many(realm: Realm, context: Context, body: dict[str, Any]) -> Response:
    """An invite for each address that can be invited; the others are skipped, with the reason."""
    refusals = Refusals()
    refusals.of(refuse_unknown, body, ("emails", "roles", "mail"))
    emails, roles = refusals.of(_parse_emails, body), refusals.of(parse_roles, body)
    mailed = refusals.of(_wants_mail, body)
    refusals.tell()
    made, skipped = await _invite(realm, context, emails, roles)
    await _deliver(realm, context, made, mailed)
    created = [{name: row[name] for name in ("id", "email", "token", "expires_at")} for row in made]
    summary = {"total": len(emails), "created": len(created), "skipped": len(skipped)}
    data = {"created": created, "skipped": skipped, "summary": summary}
    return Response(200, orjson.dumps({"data": data}), dict(sessions.SECRET))


async def delete_invite(realm: Realm, context: Context, invite_id: str) -> Response:
    """Take an invite back: its token is good for nothing, and the address can be invited again."""
    identifier = parse_id(invite_id, "Invite")
    async with audit.change(realm, context) as change:
        row = await store.delete(change.transaction, identifier)
        if row is None:
            raise not_found("Invite")
        await change.tell("_invites", row["id"], "delete", _told(row), None)
    return Response(body=orjson.dumps({"data": {"id": row["id"], "deleted": True}}))


async def accept(realm: Realm, context: Context, body: dict[str, Any]) -> Response:
    """A new active user with the invite's address and roles, logged in.

    Raises VALIDATION_FAILED (422 for a missing part, 400 for an invite that is used up or too old),
    NOT_FOUND for an unknown or revoked token, CONFLICT when such a user exists meanwhile.
    """
    refusals = Refusals()
    refusals.of(refuse_unknown, body, ("token", "password"))
    token = refusals.of(parse_token, body)
    password = refusals.of(realm.state.accounts.passwords.check_policy, body.get("password"))
    refusals.tell()
    invite = await store.find(realm.database, token)
    if invite is None:
        raise not_found("Invite")
    if not invite["good"]:
        raise _used_up()
    hashed = await realm.state.accounts.passwords.hash(password)
    async with audit.change(realm, context) as change:
        if not await store.accept(change.transaction, invite["id"]):
            raise _used_up()
        with taken():
            email = same_address(invite["email"])
            row = await users.insert(change.transaction, uuid7(), email, hashed, list(invite["roles"]), True)
        shown = {name: row[name] for name in ("id", "email", "roles")}
        user = {**row, "version": FIRST_VERSION}
        answer = await sessions.begin(realm, change.transaction, user, context, also={"user": shown})
        await change.tell("_users", row["id"], "create", None, {**told(row), "invite": str(invite["id"])})
    return Response(201, answer.body, answer.headers)


async def _invite(
    realm: Realm, context: Context, emails: list[str], roles: list[str]
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Invites as shown, each with its token, and who was skipped."""
    invited_by = context.identity.id if context.identity else ""
    async with audit.change(realm, context) as change:
        await store.alone(change.transaction)
        obstacles = await store.obstacles(change.transaction, emails)
        wanted = [NewInvite(email) for email in emails if email not in obstacles]
        rows = await store.insert(change.transaction, wanted, roles, invited_by) if wanted else []
        for row in rows:
            await change.tell("_invites", row["id"], "create", None, _told(row))
    for row, invite in zip(rows, wanted, strict=True):
        del row["accepted_at"]
        row["token"] = invite.token
    skipped = [{"email": email, "reason": REASONS[obstacles[email]]} for email in emails if email in obstacles]
    return rows, skipped


async def _deliver(realm: Realm, context: Context, made: list[dict[str, Any]], mailed: bool) -> None:
    """Mail the invites that were made, when they are committed, behind the answer."""
    if not mailed or not made:
        return

    async def send() -> None:
        for row in made:
            await mails.invite(realm.state, context, row["email"], row["token"])

    async def begin() -> None:
        realm.state.accounts.jobs.begin("invites", send())

    await after_commit(begin)


def _parse_emails(body: dict[str, Any]) -> list[str]:
    """Addresses in the form that is compared, each once. Raises VALIDATION_FAILED."""
    emails = body.get("emails")
    if not isinstance(emails, list) or not emails:
        raise invalid_field("emails", "emails must be a list of mail addresses", "required")
    if len(emails) > MOST:
        raise invalid_field("emails", f"emails may be {MOST} at once")
    return list(dict.fromkeys(parse_email(email, "emails") for email in emails))


def _wants_mail(body: dict[str, Any]) -> bool:
    mailed = body.get("mail", False)
    if not isinstance(mailed, bool):
        raise invalid_field("mail", "mail must be true or false")
    return mailed


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("email", "roles")}


def _used_up() -> RocketError:
    # The one place where the contract has 400 for this code.
    return RocketError("VALIDATION_FAILED", "The invite was accepted already, or is too old", status=400)
