"""What the gateway's handlers work with."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.runtime import Core
from services.gateway.identity.passwords import Passwords
from services.gateway.identity.tokens import Tokens
from services.gateway.settings import GatewaySettings
from services.gateway.storage import Storage


@dataclass(frozen=True, slots=True)
class State:
    """Resources, token and password checks, file storage."""

    core: Core
    settings: GatewaySettings
    tokens: Tokens
    passwords: Passwords
    storage: Storage
