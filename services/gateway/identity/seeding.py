"""The first platform account, made when there is none, and never left with a well-known password in production."""

from __future__ import annotations

import asyncio
import uuid

import structlog

from libs.shared.emails import same_address
from services.gateway.identity.passwords import WELL_KNOWN_PASSWORD
from services.gateway.identity.realms import Accounts, Realm
from services.gateway.identity.store import sessions, users

log = structlog.get_logger()

RETRY_S = 0.5
"""Seconds between attempts while the database is down."""


async def seed_platform(accounts: Accounts) -> None:
    """Make the first account as soon as the database answers, or replace its well-known password."""
    realm = accounts.realm(None)
    while True:
        try:
            await _seed(realm)
            break
        except Exception as error:
            log.warning("platform.not_seeded", error=str(error))
            await asyncio.sleep(RETRY_S)
    await asyncio.Event().wait()


async def _seed(realm: Realm) -> None:
    settings, passwords = realm.accounts.settings, realm.accounts.passwords
    email = same_address(settings.platform_admin_email)
    if not await users.has_any(realm.database):
        hashed = await passwords.hash(settings.platform_admin_password)
        if await users.seed(realm.database, email, hashed, ["admin"]):
            log.info("platform.seeded", email=email)
        return
    account = await users.find_by_email(realm.database, email)
    if account is not None and await _must_be_set(realm, account["password_hash"]):
        await _set_password(realm, uuid.UUID(account["id"]))
        log.warning("platform.password_set", email=email)


async def _must_be_set(realm: Realm, stored: str) -> bool:
    """Whether an operator requests a reset, or production still has an account and password of development."""
    settings = realm.accounts.settings
    if settings.platform_admin_reset:
        return True
    return settings.is_production and await realm.accounts.passwords.fits(WELL_KNOWN_PASSWORD, stored)


async def _set_password(realm: Realm, user_id: uuid.UUID) -> None:
    accounts = realm.accounts
    hashed = await accounts.passwords.hash(realm.accounts.settings.platform_admin_password)
    mark = await accounts.revocations.note(realm.scope, str(user_id))
    async with realm.database.transaction() as transaction:
        version = await users.set_password(transaction, user_id, hashed)
        await sessions.end_all(transaction, user_id)
    if version is not None:
        await accounts.revocations.settle(mark, version)
