"""What the gateway's handlers work with."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.bus.due import Due
from libs.shared.runtime import Core
from services.gateway.files.storage import Storage
from services.gateway.identity.passwords import Passwords
from services.gateway.identity.tokens import Tokens
from services.gateway.settings import GatewaySettings


@dataclass(frozen=True, slots=True)
class State:
    """Resources, token and password checks, file storage, and when an app's loose files are due."""

    core: Core
    settings: GatewaySettings
    tokens: Tokens
    passwords: Passwords
    storage: Storage
    due: Due
