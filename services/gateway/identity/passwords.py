"""Passwords: bcrypt in a small pool of threads with a bounded queue, off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import bcrypt

from libs.shared.errors import invalid_field, unavailable

T = TypeVar("T")

THREADS = 2
WAITING = 64
"""Checks that may wait for a thread before further ones are refused."""
MAX_BYTES = 72
"""bcrypt reads no further."""


class Passwords:
    """Hashes and checks passwords. `rounds` is bcrypt's cost, a power of two."""

    def __init__(self, rounds: int) -> None:
        self._rounds = rounds
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="bcrypt")
        self._waiting = 0
        self._dummy: bytes | None = None

    async def hash(self, password: str) -> str:
        """The hash to store. Raises VALIDATION_FAILED for a password that is empty or over 72 bytes."""
        encoded = password.encode()
        if not encoded or len(encoded) > MAX_BYTES:
            raise invalid_field("password", f"password must have 1 to {MAX_BYTES} bytes")
        hashed = await self._run(lambda: bcrypt.hashpw(encoded, bcrypt.gensalt(self._rounds)))
        return hashed.decode()

    async def check(self, password: str, stored: str | None) -> bool:
        """Whether the password fits.

        Without a stored hash the same work is done for nothing, so that the time taken does not tell
        whether an account exists.
        """
        if self._dummy is None:
            self._dummy = await self._run(lambda: bcrypt.hashpw(b"nobody", bcrypt.gensalt(self._rounds)))
        encoded = password.encode()[:MAX_BYTES]
        against = stored.encode() if stored else self._dummy
        fits = await self._run(lambda: bcrypt.checkpw(encoded, against))
        return fits and stored is not None and len(password.encode()) <= MAX_BYTES

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING:
            raise unavailable("login")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1
