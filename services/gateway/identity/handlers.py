"""What the gateway answers to other services about identity."""

from __future__ import annotations

from collections.abc import Sequence

from libs.shared.contracts import identity as contracts
from libs.shared.contracts.context import Context
from libs.shared.emails import same_address
from libs.shared.errors import RocketError
from libs.shared.ids import parse_uuid
from libs.shared.postgres.databases import Record
from services.gateway.identity import invites, sessions, users
from services.gateway.identity.passwords import WELL_KNOWN_PASSWORD
from services.gateway.identity.realms import Accounts
from services.gateway.identity.store import external_identities
from services.gateway.identity.store import sessions as session_store
from services.gateway.identity.store import users as store

ADMIN = ["admin"]
WELL_KNOWN_ADMIN = "admin@localhost"


async def seed_admin(accounts: Accounts, context: Context, request: contracts.SeedAdmin) -> contracts.Seeded:
    """The first admin of a new app: created if there is a password, invited otherwise.

    In development, without an address, it is admin@localhost / changeme.
    """
    realm = accounts.realm(context.the_app)
    if request.password:
        hashed = await accounts.passwords.hash(accounts.passwords.check_policy(request.password, "admin.password"))
        await users.insert(realm, context, request.email, hashed, ADMIN)
        return contracts.Seeded(True)
    if not request.email and not accounts.settings.is_production:
        hashed = await accounts.passwords.hash(WELL_KNOWN_PASSWORD)
        return contracts.Seeded(await store.seed(realm.database, WELL_KNOWN_ADMIN, hashed, ADMIN))
    invite = await invites.first_admin(realm, context, same_address(request.email or context.user.email), ADMIN)
    return contracts.Seeded(False, {name: invite[name] for name in ("email", "token", "expires_at")})


async def find_people(accounts: Accounts, context: Context, request: contracts.FindPeople) -> contracts.People:
    """Active users by roles, ids or mails."""
    ids = [text for text in request.ids or [] if parse_uuid(text)]
    database = accounts.databases.of(context.the_app)
    rows = await store.find_people(database, request.roles or [], ids, request.emails or [], contracts.MAX_PEOPLE + 1)
    return _people(rows)


async def find_named(accounts: Accounts, context: Context, request: contracts.FindNamed) -> contracts.People:
    """Active users by their addresses, or parts of these."""
    database = accounts.databases.of(context.the_app)
    if request.prefix is not None:
        return _people(await store.find_prefixed(database, request.prefix, contracts.MAX_PREFIXED))
    return _people(await store.find_named(database, request.names or [], contracts.MAX_PEOPLE))


async def close_passwords(
    accounts: Accounts, context: Context, request: contracts.ClosePasswords
) -> contracts.PasswordsClosed:
    """End the password sessions of all but admins, if an admin can log in otherwise. Raises CONFLICT."""
    realm = accounts.realm(context.the_app)
    if not await external_identities.has_admin(realm.database):
        raise RocketError("CONFLICT", "An active admin must have logged in at a provider first")
    ending = await session_store.of_passwords(realm.database)
    await sessions.end(realm, ending)
    return contracts.PasswordsClosed(len(ending))


async def list_roles(accounts: Accounts, context: Context, request: contracts.ListRoles) -> contracts.Roles:
    """The roles that active users and API keys have."""
    return contracts.Roles(await store.list_roles(accounts.databases.of(context.the_app)))


def _people(rows: Sequence[Record]) -> contracts.People:
    return contracts.People([(row["id"], row["email"]) for row in rows], [row["roles"] for row in rows])
