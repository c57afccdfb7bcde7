"""Passwords: hashed and checked by bcrypt in a small pool of threads with a bounded queue, off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import bcrypt

from libs.shared.contracts.bodies import MAX_PASSWORD_BYTES
from libs.shared.errors import RocketError, invalid_field, unavailable

T = TypeVar("T")

NO_PASSWORD = "!"
"""Stored in place of a hash for users who log in at a provider only."""
HASHING_THREADS = 2
MAX_WAITING = 64
"""Checks that may be waiting or under way before further ones are refused (503): some ten seconds of work."""
WELL_KNOWN_PASSWORD = "changeme"
"""The password of development, which production never accepts."""


class Passwords:
    """Hashes and checks passwords. `rounds` is the binary logarithm of bcrypt's cost."""

    def __init__(self, rounds: int, min_characters: int = 1, production: bool = False) -> None:
        self._rounds = rounds
        self._min_characters = min_characters
        self._production = production
        self._pool = ThreadPoolExecutor(HASHING_THREADS, thread_name_prefix="bcrypt")
        self._waiting = 0
        # Made at once, so that the first check of an unknown account takes as long as any other.
        self._dummy: Future[bytes] = self._pool.submit(self._hashed, b"nobody")
        self.checks = 0
        """Comparisons made so far, for the metrics."""

    def check_policy(self, password: str, field: str = "password") -> str:
        """The password, if the settings allow it as a new one. Raises VALIDATION_FAILED."""
        if len(password) < self._min_characters:
            raise invalid_field(field, f"{field} must have at least {self._min_characters} characters", "min_length")
        if self._production and password == WELL_KNOWN_PASSWORD:
            raise invalid_field(field, f"{field} is a well-known default")
        return password

    async def hash(self, password: str) -> str:
        """The hash to store, of a password that the policy lets pass."""
        return (await self._run(lambda: self._hashed(password.encode()))).decode()

    async def check(self, password: str, stored: str | None) -> bool:
        """Whether the password fits.

        Without a stored hash the same work is done for nothing, so that the time taken does not tell
        whether an account exists.
        """
        self.checks += 1
        if stored == NO_PASSWORD:
            stored = None
        encoded = password.encode()
        against = stored.encode() if stored else await asyncio.shield(asyncio.wrap_future(self._dummy))
        fits = await self._run(lambda: bcrypt.checkpw(encoded[:MAX_PASSWORD_BYTES], against))
        acceptable = len(encoded) <= MAX_PASSWORD_BYTES and not (self._production and password == WELL_KNOWN_PASSWORD)
        return fits and stored is not None and acceptable

    async def fits(self, password: str, stored: str) -> bool:
        """Whether a hash is this password's; of no login, so production's rules don't matter."""
        return stored != NO_PASSWORD and await self._run(lambda: bcrypt.checkpw(password.encode(), stored.encode()))

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made with another cost than new ones are."""
        return stored.split("$")[2:3] != [f"{self._rounds:02d}"]

    def _hashed(self, password: bytes) -> bytes:
        return bcrypt.hashpw(password, bcrypt.gensalt(self._rounds))

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            busy = unavailable("login")
            raise RocketError(busy.code, busy.message, headers={"Retry-After": "1"})
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1
