"""What the gateway's handlers work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from libs.shared.bus.due import Due
from libs.shared.runtime import Core
from services.gateway.files.storage import Storage
from services.gateway.identity.passwords import Passwords
from services.gateway.identity.tokens import Tokens
from services.gateway.limits.addresses import Proxies
from services.gateway.limits.limiter import Limiter
from services.gateway.limits.shapes import Shape
from services.gateway.live.hub import Hub
from services.gateway.live.streams import Streams
from services.gateway.settings import GatewaySettings

if TYPE_CHECKING:
    from services.gateway.openapi.descriptions import Descriptions


@dataclass(frozen=True, slots=True)
class State:
    """Resources, token and password checks, file storage, timers of loose files, what apps look like, live streams,
    who is behind proxies, what bodies may look like, and who may ask how often (None where nobody counts)."""

    core: Core
    settings: GatewaySettings
    tokens: Tokens
    passwords: Passwords
    storage: Storage
    due: Due
    descriptions: Descriptions
    hub: Hub
    streams: Streams
    proxies: Proxies
    shape: Shape
    limiter: Limiter | None
