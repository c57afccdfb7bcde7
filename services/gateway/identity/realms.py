"""A realm is where accounts live: the platform, or an app. Each has a database, and a scope its tokens are for."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.contracts.context import AppRef, Context, Identity
from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Database
from services.gateway.identity.tokens import PLATFORM
from services.gateway.state import State

PERSONAL = frozenset({"password", "platform"})
"""How people come in who have an account with a password, and sessions."""


@dataclass(frozen=True, slots=True)
class Realm:
    """Where accounts live."""

    state: State
    database: Database
    scope: str
    app: AppRef | None


def realm_of(state: State, app: AppRef | None) -> Realm:
    """The realm of an app, or of the platform for None."""
    databases = state.core.databases
    if app is None:
        return Realm(state, databases.platform, PLATFORM, None)
    return Realm(state, databases.of(app), app.id, app)


def own_realm(state: State, context: Context) -> tuple[Realm, Identity]:
    """The realm that the caller has an account in, which must be the one asked. Raises FORBIDDEN."""
    realm, caller = realm_of(state, context.app), context.user
    if caller.credential is None or caller.credential.user[0] != realm.scope or caller.via not in PERSONAL:
        raise RocketError("FORBIDDEN", "Only for accounts of this place, logged in with a password")
    return realm, caller
