"""What the gateway's handlers work with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from libs.shared.bus.outbox.outbox import Outbox
from libs.shared.bus.outbox.relay import Relay
from libs.shared.bus.timers.due import Due
from libs.shared.runtime import Core
from services.gateway.files.storage import Storage
from services.gateway.identity.credentials import Credentials
from services.gateway.identity.encryption import Encryptor
from services.gateway.identity.jobs import Jobs
from services.gateway.identity.passwords import Passwords
from services.gateway.identity.revocations import Revocations
from services.gateway.identity.tokens import Tokens
from services.gateway.limits.addresses import Proxies
from services.gateway.limits.limiter import Limiter
from services.gateway.limits.shapes import Shape
from services.gateway.live.hub import Hub
from services.gateway.live.streams import Streams
from services.gateway.settings import GatewaySettings

if TYPE_CHECKING:
    from services.gateway.openapi.descriptions import Descriptions


@dataclass(slots=True)
class Figures:
    """What the metrics count: logins that had to wait, and mails that could not be handed over."""

    throttled: int = 0
    mails_lost: int = 0


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who callers are, and who they were; how changes of users, invites and keys are told; jobs behind answers."""

    tokens: Tokens
    revocations: Revocations
    credentials: Credentials
    passwords: Passwords
    encryptor: Encryptor
    outbox: Outbox
    relay: Relay
    jobs: Jobs
    figures: Figures = field(default_factory=Figures)


@dataclass(frozen=True, slots=True)
class State:
    """Resources, accounts, file storage, timers of loose files, what apps look like, live streams, who is behind
    proxies, what bodies may look like, and who may ask how often (None where nobody counts)."""

    core: Core
    settings: GatewaySettings
    accounts: Accounts
    storage: Storage
    due: Due
    descriptions: Descriptions
    hub: Hub
    streams: Streams
    proxies: Proxies
    shape: Shape
    limiter: Limiter | None
