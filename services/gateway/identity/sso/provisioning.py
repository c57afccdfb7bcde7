"""The one place where an external identity becomes a user: found, linked or created, with the roles of its claims."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared.contracts.context import Context
from libs.shared.errors import RocketError
from libs.shared.ids import uuid7
from libs.shared.postgres.errors import UniqueViolation
from services.gateway.identity import audit
from services.gateway.identity.passwords import NO_PASSWORD
from services.gateway.identity.realms import Realm
from services.gateway.identity.sso import admission
from services.gateway.identity.sso.admission import Entry
from services.gateway.identity.sso.claims import mapped_roles, synchronized
from services.gateway.identity.sso.external import AuthProvider, ExternalIdentity
from services.gateway.identity.store import external_identities as store
from services.gateway.identity.store import users

ADMIN = "admin"
IDENTITIES = "_external_identities"


@dataclass(frozen=True, slots=True)
class AdmittedUser:
    """The user who somebody is here."""

    id: str
    email: str
    roles: list[str]
    version: int


async def admit(realm: Realm, context: Context, provider: AuthProvider, identity: ExternalIdentity) -> AdmittedUser:
    """The user of an identity that a provider has proved. Raises USER_NOT_PROVISIONED.

    Who has logged in here before is found by the subject. Otherwise an account with the same verified address is
    linked if the provider may, or a user is created if it may.
    """
    user_id = await _user_of(realm, context, provider, identity)
    await _synchronize(realm, context, provider, identity, user_id)
    user = await users.find(realm.database, uuid.UUID(user_id))
    if user is None or not user["active"]:
        raise admission.not_provisioned("the account is not active")
    return AdmittedUser(user["id"], user["email"], list(user["roles"]), user["version"])


async def _user_of(realm: Realm, context: Context, provider: AuthProvider, identity: ExternalIdentity) -> str:
    async with audit.change(realm, context) as change:
        await store.alone(change.transaction, provider.id, identity.subject)
        known = await store.find(change.transaction, provider.id, identity.subject)
        email = admission.address_of(identity)
        there = await users.find_by_email(change.transaction, email) if email else None
        entry = admission.decide(
            provider.body,
            identity,
            None if known is None else known["active"],
            None if there is None else there["active"],
        )
        if known is not None and entry is Entry.KNOWN:
            return str(known["id"])
        if there is not None and entry is Entry.LINKED:
            user_id, granted = str(there["id"]), list[str]()
        else:
            user_id, granted = await _create(realm, change, provider, identity, email)
        await store.link(change.transaction, provider.id, identity.subject, user_id, granted)
        linked = {"provider": provider.name, "subject": identity.subject}
        await change.record(IDENTITIES, user_id, "create", None, linked)
        return user_id


async def _create(
    realm: Realm, change: audit.AccountChange, provider: AuthProvider, identity: ExternalIdentity, email: str
) -> tuple[str, list[str]]:
    """A new user, and the roles that they have by the mapping alone."""
    default = list(provider.body.jit.default_roles)
    mapped = mapped_roles(provider.body.role_mapping, identity.claims)
    after = synchronized(default, frozenset(), frozenset(), mapped)
    _check_platform(realm, after.roles)
    try:
        row = await users.insert(change.transaction, uuid7(), email, NO_PASSWORD, after.roles, True)
    except (UniqueViolation, users.AddressTaken):
        raise RocketError("CONFLICT", "The account has just been made: try again") from None
    image = {name: row[name] for name in ("email", "roles", "active")}
    await change.record("_users", row["id"], "create", None, {**image, "provider": provider.name})
    return str(row["id"]), after.granted


async def _synchronize(
    realm: Realm, context: Context, provider: AuthProvider, identity: ExternalIdentity, user_id: str
) -> None:
    """Give and take the roles of the mapping: at each login, or (`first`) with a link that is new only."""
    identifier = uuid.UUID(user_id)
    async with audit.change_user(realm, context, identifier) as change:
        before = await users.lock(change.transaction, identifier)
        known = await store.find(change.transaction, provider.id, identity.subject)
        if before is None or known is None:
            raise admission.not_provisioned("the account has just been deleted")
        granted = frozenset(known["granted"])
        mapped = mapped_roles(provider.body.role_mapping, identity.claims)
        if provider.body.sync_roles == "first" and known["synchronized"]:
            mapped = [role for role in known["granted"] if role in before["roles"]]
        by_others = await store.granted_by_others(change.transaction, user_id, provider.id, identity.subject)
        after = synchronized(before["roles"], granted, by_others, mapped)
        if provider.body.role_mapping and provider.body.sync_roles == "always":
            _check_platform(realm, after.roles)
        await store.link(change.transaction, provider.id, identity.subject, user_id, after.granted)
        if set(after.roles) != set(before["roles"]):
            await _change_roles(change, before, identifier, after.roles, provider)


async def _change_roles(
    change: audit.AccountChange, before: dict[str, Any], user_id: uuid.UUID, roles: list[str], provider: AuthProvider
) -> None:
    values = (before["email"], None, roles, before["active"])
    change.version, row = await users.update(change.transaction, user_id, *values)
    images = [{name: each[name] for name in ("email", "roles", "active")} for each in (before, row)]
    await change.record("_users", row["id"], "update", images[0], {**images[1], "provider": provider.name})


def _check_platform(realm: Realm, roles: Sequence[str]) -> None:
    """Accounts of the platform may do everything, so a provider makes one only of who is mapped to admin."""
    if realm.app is None and ADMIN not in roles:
        raise admission.not_provisioned("at the platform, the mapping must give the role admin")
