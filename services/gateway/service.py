"""The gateway: its endpoints for other services and its workers. `routes.py` lists its HTTP routes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from libs.shared.bus.rpc.signed_contexts import ContextSigner
from libs.shared.contracts import identity as contracts
from libs.shared.contracts.context import Context
from libs.shared.runtime import Core, Service
from services.gateway.files.storage import Storage
from services.gateway.files.sweeping import Sweeper
from services.gateway.http import server
from services.gateway.identity import handlers, seeding
from services.gateway.identity.realms import Accounts, open_accounts
from services.gateway.identity.sso.room import open_single_sign_on
from services.gateway.imports.worker import ImportWorker
from services.gateway.limits import exchange
from services.gateway.limits.addresses import Proxies
from services.gateway.limits.limiter import Limiter
from services.gateway.limits.readiness import SharedReadiness
from services.gateway.live.event_stream import StreamSources
from services.gateway.live.hub import Hub
from services.gateway.live.streams import StreamLimiter
from services.gateway.openapi.descriptions import Descriptions
from services.gateway.routes import ROUTES
from services.gateway.settings import GatewaySettings
from services.gateway.state import State

Q = TypeVar("Q")
R = TypeVar("R")

KEY_USE_INTERVAL_S = 5.0
"""Between notes of when API keys were last used."""


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """The HTTP server is up before NATS is, so that it can say what is missing."""
    settings: GatewaySettings = core.settings
    core.rpc.sign_with(ContextSigner(core.databases.platform))
    accounts, hub = open_accounts(core, settings), Hub(core.rpc)
    storage = Storage(settings.storage_url, settings.data_dir.resolve() / "files")
    sweeper = Sweeper(core, storage, settings.upload_timeout + settings.request_timeout)

    async def origins_of(context: Context) -> frozenset[str]:
        return frozenset((await core.schemas.get(context.the_app)).settings.cors_origins)

    sso = open_single_sign_on(settings, frozenset(settings.cors_origins), origins_of)
    state = State(
        core=core,
        settings=settings,
        accounts=accounts,
        sso=sso,
        storage=storage,
        sweeper=sweeper,
        imports=ImportWorker(core, storage, sweeper, accounts, settings.import_max_rows),
        descriptions=Descriptions(ROUTES, core.schemas),
        stream_sources=StreamSources(hub, core.rpc, accounts.tokens),
        streams=StreamLimiter(settings.max_streams),
        proxies=Proxies(settings.trusted_proxies),
        shape=settings.shape,
        readiness=SharedReadiness(),
        limiter=Limiter(settings.rates) if settings.rates else None,
    )
    accounts.revocations.listen(core.connection)
    async with accounts.transactions.relay.running(), server.listening(state, ROUTES):
        yield state
        await hub.close()
        await accounts.jobs.close()
        await sso.outbound.close()
        await accounts.authenticator.note_used()


def by_accounts(
    handler: Callable[[Accounts, Context, Q], Awaitable[R]],
) -> Callable[[State, Context, Q], Awaitable[R]]:
    """An endpoint that identity answers, which knows nothing but its accounts."""

    async def answer(state: State, context: Context, request: Q) -> R:
        return await handler(state.accounts, context, request)

    return answer


async def seed_platform(state: State) -> None:
    """Make the platform's first account."""
    await seeding.seed_platform(state.accounts)


async def follow_revocations(state: State) -> None:
    """Know within seconds which tokens have ended before their time."""
    await state.accounts.revocations.follow()


async def note_used_keys(state: State) -> None:
    """Write down, now and then, when API keys were last used."""
    while True:
        await asyncio.sleep(KEY_USE_INTERVAL_S)
        await state.accounts.authenticator.note_used()


async def sweep_files(state: State) -> None:
    """Remove files without a description."""
    await state.sweeper.sweep_files()


async def sweep_apps(state: State) -> None:
    """Remove the files of deleted apps."""
    await state.sweeper.sweep_apps()


async def work_on_imports(state: State) -> None:
    """Carry out import jobs."""
    await state.imports.run()


async def share_quotas(state: State) -> None:
    """Count requests together with the other gateways."""
    await exchange.share_quotas(state.limiter, state.core.connection)


SERVICE = Service(
    name="gateway",
    open=open_state,
    settings=GatewaySettings,
    endpoints={
        contracts.SeedAdmin: by_accounts(handlers.seed_admin),
        contracts.FindPeople: by_accounts(handlers.find_people),
        contracts.FindNamed: by_accounts(handlers.find_named),
        contracts.ListRoles: by_accounts(handlers.list_roles),
        contracts.ClosePasswords: by_accounts(handlers.close_passwords),
    },
    workers=(seed_platform, follow_revocations, note_used_keys, sweep_files, sweep_apps, work_on_imports, share_quotas),
    lag=lambda state: {"relay": state.accounts.transactions.relay.lag},
)
