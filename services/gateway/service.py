"""The table of contents of the gateway; what it answers over HTTP stands in `routes.py`."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from libs.shared.bus.due import Due
from libs.shared.contracts import identity as ask
from libs.shared.runtime import Core, Service
from services.gateway.files.storage import Storage
from services.gateway.files.sweeping import sweep_apps, sweep_files
from services.gateway.http import server
from services.gateway.identity import handlers
from services.gateway.identity.passwords import Passwords
from services.gateway.identity.seeding import seed_platform
from services.gateway.identity.tokens import Tokens
from services.gateway.limits.addresses import Proxies
from services.gateway.limits.exchange import share_quotas
from services.gateway.limits.limiter import Limiter
from services.gateway.live.hub import Hub
from services.gateway.live.streams import Streams
from services.gateway.openapi.descriptions import Descriptions
from services.gateway.routes import ROUTES
from services.gateway.settings import GatewaySettings
from services.gateway.state import State


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """The HTTP server is up before NATS is, so that it can say what is missing."""
    settings: GatewaySettings = core.settings
    tokens = Tokens(settings.secret_key)
    storage = Storage(settings.storage_url, settings.data_dir.resolve() / "files")
    due = Due(core.databases, core.apps, "gateway")
    passwords, descriptions = Passwords(settings.bcrypt_rounds), Descriptions(ROUTES, core.schemas)
    hub, streams = Hub(core.asker), Streams(settings.live_limits)
    proxies, rates = Proxies(settings.trusted_proxies), settings.rates
    limiter = Limiter(rates) if rates else None
    state = State(
        core, settings, tokens, passwords, storage, due, descriptions, hub, streams, proxies, settings.shape, limiter
    )
    tokens.listen(core.connection)
    async with server.listening(state):
        yield state
        await hub.close()


SERVICE = Service(
    name="gateway",
    open=open_state,
    settings=GatewaySettings,
    endpoints={
        ask.SeedAdmin: handlers.seed_admin,
        ask.FindPeople: handlers.find_people,
    },
    workers=(seed_platform, sweep_files, sweep_apps, share_quotas),
)
