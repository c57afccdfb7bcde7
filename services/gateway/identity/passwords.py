"""Passwords: bcrypt in a small pool of threads with a bounded queue, off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import bcrypt

from libs.shared.errors import RocketError, invalid_field, unavailable

T = TypeVar("T")

THREADS = 2
WAITING = 64
"""Checks that may be waiting or under way before further ones are refused (503): some ten seconds of work."""
MAX_BYTES = 72
"""bcrypt reads no further."""
WELL_KNOWN = "changeme"
"""The password of development, which production never accepts."""


class Passwords:
    """Hashes and checks passwords. `rounds` is bcrypt's cost, a power of two; `least` the characters of a new one."""

    def __init__(self, rounds: int, least: int = 1, production: bool = False) -> None:
        self._rounds = rounds
        self._least = least
        self._production = production
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="bcrypt")
        self._waiting = 0
        # Made at once, so that the first check of an unknown account costs what any other does.
        self._dummy: Future[bytes] = self._pool.submit(self._hashed, b"nobody")
        self.checks = 0
        """Comparisons made so far, for the metrics."""

    def check_policy(self, password: object, field: str = "password") -> str:
        """The password, if it may be a new one. Raises VALIDATION_FAILED."""
        if not isinstance(password, str) or not password:
            raise invalid_field(field, f"{field} is required", "required")
        if len(password.encode()) > MAX_BYTES:
            raise invalid_field(field, f"{field} must have at most {MAX_BYTES} bytes", "max_length")
        if len(password) < self._least:
            raise invalid_field(field, f"{field} must have at least {self._least} characters", "min_length")
        if "\x00" in password:
            raise invalid_field(field, f"{field} must not hold the character NUL")
        if self._production and password == WELL_KNOWN:
            raise invalid_field(field, f"{field} is too well known")
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
        encoded = password.encode()
        against = stored.encode() if stored else await asyncio.shield(asyncio.wrap_future(self._dummy))
        fits = await self._run(lambda: bcrypt.checkpw(encoded[:MAX_BYTES], against))
        acceptable = len(encoded) <= MAX_BYTES and not (self._production and password == WELL_KNOWN)
        return fits and stored is not None and acceptable

    async def fits(self, password: str, stored: str) -> bool:
        """Whether a hash is this password's; of no login, so production's rules don't matter."""
        return await self._run(lambda: bcrypt.checkpw(password.encode(), stored.encode()))

    def is_dated(self, stored: str) -> bool:
        """Whether a hash was made with another cost than new ones are."""
        return stored.split("$")[2:3] != [f"{self._rounds:02d}"]

    def _hashed(self, password: bytes) -> bytes:
        return bcrypt.hashpw(password, bcrypt.gensalt(self._rounds))

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING:
            busy = unavailable("login")
            raise RocketError(busy.code, busy.message, headers={"Retry-After": "1"})
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1
