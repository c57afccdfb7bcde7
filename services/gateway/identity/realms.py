"""Realms: a realm is the platform or an app, each with its own database of accounts and its own signing keys."""

from __future__ import annotations

from dataclasses import dataclass, field

from libs.shared.bus.nats.connection import Connection
from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.rpc.client import RpcClient
from libs.shared.contracts.context import AppRef, Context, Identity
from libs.shared.encryption import Encryptor
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Database, Databases
from libs.shared.runtime import Core
from libs.shared.snapshots.cache import Schemas
from services.gateway.identity.credentials import Authenticator
from services.gateway.identity.jobs import Jobs
from services.gateway.identity.keyring import PLATFORM, Keyring
from services.gateway.identity.passwords import Passwords
from services.gateway.identity.revocations import Revocations
from services.gateway.identity.settings import IdentitySettings
from services.gateway.identity.store import external_identities, users
from services.gateway.identity.tokens import Tokens

OTHER_LOGINS = frozenset({"api_key", "workflow", "system"})
"""`via` of identities without an account and sessions."""


@dataclass(slots=True)
class IdentityCounters:
    """For the metrics: logins that had to wait, and mails that could not be handed over."""

    throttled: int = 0
    mails_lost: int = 0


@dataclass(frozen=True, slots=True)
class Accounts:
    """What the modules of identity share; its transactions emit audit signals."""

    settings: IdentitySettings
    databases: Databases
    connection: Connection
    rpc: RpcClient
    tokens: Tokens
    revocations: Revocations
    authenticator: Authenticator
    passwords: Passwords
    encryptor: Encryptor
    transactions: Transactions
    schemas: Schemas
    jobs: Jobs = field(default_factory=Jobs)
    counters: IdentityCounters = field(default_factory=IdentityCounters)

    def realm(self, app: AppRef | None) -> Realm:
        """The realm of an app, or of the platform for None."""
        if app is None:
            return Realm(self, self.databases.platform, PLATFORM, None)
        return Realm(self, self.databases.of(app), app.id, app)


@dataclass(frozen=True, slots=True)
class Realm:
    """Where accounts live: their database, the scope of their tokens, and the app (None for the platform)."""

    accounts: Accounts
    database: Database
    scope: str
    app: AppRef | None

    async def closes_passwords(self) -> bool:
        """Whether only admins may log in with passwords. Not where no admin could log in at a provider any more."""
        if self.app is None or not (await self.accounts.schemas.get(self.app)).settings.closes_passwords:
            return False
        return await external_identities.has_admin(self.database)

    def own_account(self, context: Context) -> Identity:
        """The caller, who must have an account in this realm. Raises FORBIDDEN."""
        caller = context.user
        if caller.credential is None or caller.credential.user[0] != self.scope or caller.via in OTHER_LOGINS:
            raise RocketError("FORBIDDEN", "Only for accounts of this place")
        return caller


def open_accounts(core: Core, settings: IdentitySettings) -> Accounts:
    """Build the accounts of a gateway."""
    databases, keyring = core.databases, Keyring(settings.secret_key)
    revocations = Revocations(databases, core.apps, keyring)

    async def is_account(app: AppRef | None, user_id: str) -> bool:
        return await users.is_active(databases.platform if app is None else databases.of(app), user_id)

    tokens = Tokens(keyring, revocations, is_account)
    return Accounts(
        settings=settings,
        databases=databases,
        connection=core.connection,
        rpc=core.rpc,
        tokens=tokens,
        revocations=revocations,
        authenticator=Authenticator(tokens, databases),
        passwords=Passwords(settings.bcrypt_rounds, settings.min_password_characters, settings.is_production),
        encryptor=Encryptor([settings.secret_key, *settings.previous_secret_keys]),
        transactions=Transactions.emitting(core),
        schemas=core.schemas,
    )
