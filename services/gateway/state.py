"""The state of the gateway."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.runtime import Core
from services.gateway.files.storage import Storage
from services.gateway.files.sweeping import Sweeper
from services.gateway.identity.realms import Accounts
from services.gateway.identity.sso.room import SingleSignOn
from services.gateway.imports.worker import ImportWorker
from services.gateway.limits.addresses import Proxies
from services.gateway.limits.limiter import Limiter
from services.gateway.limits.readiness import SharedReadiness
from services.gateway.limits.shapes import BodyShape
from services.gateway.live.event_stream import StreamSources
from services.gateway.live.streams import StreamLimiter
from services.gateway.openapi.descriptions import Descriptions
from services.gateway.settings import GatewaySettings


@dataclass(frozen=True, slots=True)
class State:
    """All resources of a gateway. `limiter` is None where rates are not limited."""

    core: Core
    settings: GatewaySettings
    accounts: Accounts
    sso: SingleSignOn
    storage: Storage
    sweeper: Sweeper
    imports: ImportWorker
    descriptions: Descriptions
    stream_sources: StreamSources
    streams: StreamLimiter
    proxies: Proxies
    shape: BodyShape
    readiness: SharedReadiness
    limiter: Limiter | None
