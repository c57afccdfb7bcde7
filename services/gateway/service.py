"""The table of contents of the gateway; what it answers over HTTP stands in `routes.py`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from libs.shared.bus.outbox.outbox import Outbox
from libs.shared.bus.outbox.relay import Relay
from libs.shared.bus.rpc.signed_contexts import Voucher
from libs.shared.bus.timers.due import Due
from libs.shared.contracts import identity as contracts
from libs.shared.contracts.context import AppRef
from libs.shared.runtime import Core, Service
from services.gateway.files.storage import Storage
from services.gateway.files.sweeping import sweep_apps, sweep_files
from services.gateway.http import server
from services.gateway.identity import handlers
from services.gateway.identity.credentials import Credentials
from services.gateway.identity.encryption import Encryptor
from services.gateway.identity.jobs import Jobs
from services.gateway.identity.keyring import Keyring
from services.gateway.identity.passwords import Passwords
from services.gateway.identity.revocations import Revocations
from services.gateway.identity.seeding import seed_platform
from services.gateway.identity.store import users
from services.gateway.identity.tokens import PLATFORM, Tokens
from services.gateway.limits.addresses import Proxies
from services.gateway.limits.exchange import share_quotas
from services.gateway.limits.limiter import Limiter
from services.gateway.live.hub import Hub
from services.gateway.live.streams import Streams
from services.gateway.openapi.descriptions import Descriptions
from services.gateway.routes import ROUTES
from services.gateway.settings import GatewaySettings
from services.gateway.state import Accounts, State

NOTE = 5.0
"""Seconds between notes of when API keys were last used."""


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """The HTTP server is up before NATS is, so that it can say what is missing."""
    settings: GatewaySettings = core.settings
    core.rpc.vouch_with(Voucher(core.databases.platform))
    storage = Storage(settings.storage_url, settings.data_dir.resolve() / "files")
    due = Due(core.databases, core.apps, "gateway")
    accounts, descriptions = _accounts(core, settings), Descriptions(ROUTES, core.schemas)
    hub, streams = Hub(core.rpc), Streams(settings.live_limits)
    proxies, rates = Proxies(settings.trusted_proxies), settings.rates
    limiter = Limiter(rates) if rates else None
    state = State(core, settings, accounts, storage, due, descriptions, hub, streams, proxies, settings.shape, limiter)
    accounts.revocations.listen(core.connection)
    async with accounts.relay.running(), server.listening(state):
        yield state
        await hub.close()
        await accounts.jobs.close()
        await accounts.credentials.note_used()


def _accounts(core: Core, settings: GatewaySettings) -> Accounts:
    keyring = Keyring(settings.secret_key)
    revocations = Revocations(core.databases, core.apps, keyring, PLATFORM)

    async def is_account(app: AppRef | None, user_id: str) -> bool:
        database = core.databases.platform if app is None else core.databases.of(app)
        return await users.is_active(database, user_id)

    tokens, outbox = Tokens(keyring, revocations, is_account), Outbox("gateway")
    return Accounts(
        tokens,
        revocations,
        Credentials(tokens, core.databases),
        Passwords(settings.bcrypt_rounds, settings.least_password, settings.env == "production"),
        Encryptor([settings.secret_key, *settings.previous_secret_keys]),
        outbox,
        Relay(outbox, core.databases, core.stream, core.leases, core.apps),
        Jobs(),
    )


async def follow_revocations(state: State) -> None:
    """Know within seconds which tokens have ended before their time."""
    await state.accounts.revocations.follow()


async def note_used_keys(state: State) -> None:
    """Write down, now and then, when API keys were last used."""
    while True:
        await asyncio.sleep(NOTE)
        await state.accounts.credentials.note_used()


SERVICE = Service(
    name="gateway",
    open=open_state,
    settings=GatewaySettings,
    endpoints={
        contracts.SeedAdmin: handlers.seed_admin,
        contracts.FindPeople: handlers.find_people,
        contracts.ListRoles: handlers.list_roles,
    },
    workers=(seed_platform, follow_revocations, note_used_keys, sweep_files, sweep_apps, share_quotas),
    lag=lambda state: {"relay": state.accounts.relay.lag},
)
