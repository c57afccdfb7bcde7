"""Steps that tests of accounts share."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from services.gateway.identity import totp
from services.gateway.identity.keyring import Keyring
from tests.support.client import Client, Reply
from tests.support.receivers import Mailbox

PASSWORD = "secret-1"


def anonymous(admin: Client) -> Client:
    """Nobody, at the same app."""
    return admin.with_token("")


async def log_in(admin: Client, email: str, password: str = PASSWORD, **more: Any) -> Reply:
    """A login at this app, whatever comes of it."""
    return await anonymous(admin).post("/auth/login", {"email": email, "password": password, **more})


async def made(admin: Client, email: str, *roles: str) -> str:
    """A new user's id."""
    form = {"email": email, "password": PASSWORD, "roles": list(roles)}
    return str((await admin.post("/_admin/users", form)).expect(201).data["id"])


async def entered(admin: Client, email: str, password: str = PASSWORD, **more: Any) -> tuple[Client, dict[str, Any]]:
    """A caller logged in, and their tokens."""
    tokens = (await log_in(admin, email, password, **more)).expect(200).data
    return admin.with_token(tokens["access_token"]), tokens


def code(secret: str, steps: int = 0) -> str:
    """The code that an authenticator app shows now, or some steps later."""
    return totp.code_at(base64.b32decode(secret), int(time.time()) // totp.STEP_S + steps)


async def mailed_token(mails: Mailbox, address: str, subject: str) -> str:
    """The token in the newest mail to somebody, once it has come."""

    def find() -> str | None:
        for mail in reversed(mails.mails):
            if mail["To"] == address and subject in mail["Subject"]:
                found = re.search(r": ([A-Za-z0-9_-]{43})\s", mail.get_content())
                return found[1] if found else None
        return None

    return await eventually(find)


async def metric(client: Client, name: str) -> int:
    """A counter of the gateway that the client talks to."""
    async with client.session.get(f"{client.url}/metrics") as response:
        found = re.search(rf"^{name}\{{[^}}]*\}} (\d+)$", await response.text(), re.MULTILINE)
    assert found, name
    return int(found[1])


def keyring_of(stack: Stack, secret: str = "secret_key") -> Keyring:
    """The keys of a stack, as a holder of its secret, or of another service's, could make them."""
    return Keyring(json.loads((stack.settings.data_dir / "secrets.json").read_text())[secret])
