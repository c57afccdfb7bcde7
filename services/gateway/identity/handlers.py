"""What the gateway answers to other services about identity."""

from __future__ import annotations

from libs.shared.contracts import identity as contracts
from libs.shared.contracts.context import Context
from libs.shared.ids import parse_uuid, uuid7
from services.gateway.identity import audit, invites
from services.gateway.identity.realms import Realm, realm_of
from services.gateway.identity.store import users
from services.gateway.identity.users import parse_email, told
from services.gateway.settings import DEVELOPMENT_PASSWORD
from services.gateway.state import State

ADMIN = ["admin"]
WELL_KNOWN_ADMIN = "admin@localhost"


async def seed_admin(state: State, context: Context, rpc_request: contracts.SeedAdmin) -> contracts.Seeded:
    """The first admin of a new app: created with the password given, else invited.

    Only in development, when nobody is named, it is admin@localhost / changeme.
    """
    realm = realm_of(state, context.the_app)
    if rpc_request.password:
        password = state.accounts.passwords.check_policy(rpc_request.password, "admin.password")
        return await _create(realm, context, parse_email(rpc_request.email, "admin.email"), password)
    if not rpc_request.email and state.settings.env != "production":
        hashed = await state.accounts.passwords.hash(DEVELOPMENT_PASSWORD)
        return contracts.Seeded(await users.seed(realm.database, WELL_KNOWN_ADMIN, hashed, ADMIN))
    email = parse_email(rpc_request.email or context.user.email, "admin.email")
    invite = await invites.first(realm, context, email, ADMIN)
    return contracts.Seeded(False, {name: invite[name] for name in ("email", "token", "expires_at")})


async def find_people(state: State, context: Context, rpc_request: contracts.FindPeople) -> contracts.People:
    """Active users by role, id or mail."""
    ids = [text for text in rpc_request.ids or [] if parse_uuid(text)]
    rows = await users.find_people(
        state.core.databases.of(context.the_app), rpc_request.role, ids, rpc_request.emails or []
    )
    return contracts.People([(row["id"], row["email"]) for row in rows])


async def list_roles(state: State, context: Context, rpc_request: contracts.ListRoles) -> contracts.Roles:
    """Every role that somebody has."""
    return contracts.Roles(await users.list_roles(state.core.databases.of(context.the_app)))


async def _create(realm: Realm, context: Context, email: str, password: str) -> contracts.Seeded:
    hashed = await realm.state.accounts.passwords.hash(password)
    async with audit.change(realm, context) as change:
        row = await users.insert(change.transaction, uuid7(), email, hashed, ADMIN, True)
        await change.tell("_users", row["id"], "create", None, told(row))
    return contracts.Seeded(True)
