"""This system with tokens that it has not seen before: what remembering verified tokens saves.

Stack, rows and requests are those of `rocket`. Each request brings another token of the same administrator, and
there are more of them than the gateway remembers, so each is verified (make bench ARGS="--systems
rocket strangers --operations get"). They are signed here, with the stack's own secret.
"""

from __future__ import annotations

import itertools
import json
from random import Random

import jwt

from bench.load.outcome import Outcome
from bench.operations import Operation, Request, requests
from bench.processes import Parts
from bench.systems.rocket import APP, Rocket, RocketApi
from bench.systems.system import Drive, Target
from services.gateway.identity.keyring import Keyring, read_key_id
from services.gateway.identity.tokens import MAX_REMEMBERED

TOKENS = MAX_REMEMBERED + MAX_REMEMBERED // 4
"""The number of tokens. They are sent in a cycle, so each is forgotten before its turn comes again."""


class Strangers:
    """The running stack, with a caller whose tokens it does not remember."""

    name = "strangers"

    def __init__(self, rocket: Rocket, drive: Drive) -> None:
        self.rocket = rocket
        self.target = Target(self.name, rocket.target.port, RocketApi(f"/api/{APP}"), drive, ids=rocket.target.ids)
        self._numbers = itertools.count()

    def parts(self) -> Parts:
        return self.rocket.parts()

    async def prepare(self) -> None:
        """Take the token that all others are copied from."""
        form = {"email": "admin@localhost", "password": "changeme"}
        pair = await self.target.ask(Request("POST", f"/api/{APP}/auth/login", form))
        self._token = pair["data"]["access_token"]

    async def drive(self, operation: Operation, seconds: float, randomness: Random) -> Outcome:
        wanted = requests(self.target.api, operation, self.target.ids, randomness, self.target.drive.categories)
        each = zip(itertools.cycle(wanted), self._tokens(), strict=False)
        return await self.target.run(
            [(request, {"Authorization": f"Bearer {token}"}) for request, token in each], seconds
        )

    def _tokens(self) -> list[str]:
        """Tokens equivalent to the one taken, none of them sent before."""
        secret = json.loads((self.rocket.stack.settings.data_dir / "secrets.json").read_text(encoding="utf-8"))
        kid = jwt.get_unverified_header(self._token)["kid"]
        known = read_key_id(kid)
        assert known is not None, "the stack's own token names its key"
        key = Keyring(secret["secret_key"]).key(*known)
        claims = jwt.decode(self._token, options={"verify_signature": False})
        return [
            jwt.encode({**claims, "jti": str(next(self._numbers))}, key, "HS256", {"kid": kid}) for _ in range(TOKENS)
        ]
