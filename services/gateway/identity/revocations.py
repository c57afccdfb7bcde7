"""Access tokens that end before their time, known to every gateway within seconds.

Revocations are rows in the platform database, which every gateway reads every POLL_S seconds, independent of NATS.
Announcements make it faster, but may be lost. The table is not in the apps' databases, as no gateway can poll all of
them.

Sessions and API keys end for good, so their rows are written before they are deleted. A user's row is noted before the
change (`least` null), and settled after it with the version that tokens must have. A row that a crash leaves unsettled
is settled by the gateway that reads it, with the user's version by then. So no clocks are compared, and a change that
failed ends no session.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import structlog

from libs.shared.bus.apps import Apps
from libs.shared.bus.nats.connection import Connection
from libs.shared.contracts.context import AppRef, Credential, Viewer
from libs.shared.contracts.identity import IdentityChanged, SigningKeysChanged
from libs.shared.errors import unavailable
from libs.shared.ids import uuid7
from libs.shared.postgres.databases import Database, Databases, outside_ambient_transaction
from services.gateway.identity.keyring import PLATFORM, Generation, Keyring

log = structlog.get_logger()

POLL_S = 2.0
"""Seconds between looks at the table."""
KEPT_S = 960.0
"""How long rows are kept: longer than the lifetime of access tokens, and than API keys are cached."""
OVERLAP_S = 10.0
"""Seconds by which a poll overlaps the previous one: longer than a row takes to become visible."""
UNSETTLED_S = 30.0
"""Seconds after which an unsettled row is taken for one of a crashed gateway."""
PRUNE_INTERVAL_S = 60.0
STALE_S = 30.0
"""Seconds without a look after which a gateway is not ready."""
START_S = 5.0
"""Seconds a request waits for the first look."""
MIN_PAUSE_S = 0.5
"""Seconds between requested polls."""
DELETED_USER_VERSION = 2**62
"""The version that the tokens of a deleted user would need."""

NOTE = "INSERT INTO gateway.revocations (id, scope, user_id) VALUES ($1, $2, $3)"
SETTLE = "UPDATE gateway.revocations SET least = $2, at = clock_timestamp() WHERE id = $1 RETURNING scope, user_id"
END = """
INSERT INTO gateway.revocations (id, scope, session)
SELECT gen_random_uuid(), $1, unnest($2::text[])
"""
READ = """
SELECT id, scope, user_id, session, least FROM gateway.revocations
WHERE at > clock_timestamp() - $1 * interval '1 second' AND (least IS NOT NULL OR session <> '')
"""
READ_KEYS = """
SELECT scope, generation, extract(epoch FROM good_until)::float8 AS good_until FROM gateway.signing_keys
WHERE changed_at > clock_timestamp() - $1 * interval '1 second'
"""
READ_UNSETTLED = """
SELECT id, scope, user_id FROM gateway.revocations
WHERE least IS NULL AND session = '' AND at < clock_timestamp() - $1 * interval '1 second' LIMIT 100
"""
PRUNE_OLD = """
DELETE FROM gateway.revocations
WHERE at < clock_timestamp() - $1 * interval '1 second' AND (least IS NOT NULL OR session <> '')
"""
FORGET = "DELETE FROM gateway.revocations WHERE id = $1"
VERSION_OF = "SELECT version FROM gateway.users WHERE id = $1::text::uuid"

User = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Revoked:
    """One row: a session (or API key) that has ended, or a user whose tokens need a version."""

    scope: str
    user_id: str
    session: str
    least: int


class Revocations:
    """What has ended, in memory, kept up to date from the table."""

    def __init__(self, databases: Databases, apps: Apps, keyring: Keyring) -> None:
        self._databases = databases
        self._apps = apps
        self._keyring = keyring
        self._ended: dict[str, float] = {}
        self._least: dict[User, int] = {}
        self._since: dict[User, float] = {}
        self._read_at: float | None = None
        self._pruned_at = 0.0
        self._first = asyncio.Event()
        self._wanted = asyncio.Event()
        self._looking = asyncio.Lock()
        self._connection: Connection | None = None

    def allow(self, proof: Credential) -> bool:
        """Whether neither its session has ended nor its user changed since."""
        return (
            proof.id not in self._ended
            and proof.version >= self._least.get(proof.user, 0)
            and (proof.viewer is None or self._allow_viewer(proof.viewer))
        )

    def _allow_viewer(self, viewer: Viewer) -> bool:
        return viewer.session not in self._ended and viewer.version >= self._least.get((viewer.scope, viewer.id), 0)

    def listen(self, connection: Connection) -> None:
        """Receive the announcements of other gateways; read the table when some may have been lost."""
        self._connection = connection
        connection.on_announcement(IdentityChanged, self._heard)
        connection.on_announcement(SigningKeysChanged, lambda _: self._wanted.set())
        connection.on_reconnect(self._wanted.set)

    async def end(self, scope: str, sessions: Iterable[str]) -> None:
        """End the tokens of sessions or API keys, here and everywhere. Await it before they are deleted."""
        ids = list(sessions)
        if not ids:
            return
        # Also if the caller's transaction is rolled back: otherwise a token could outlive its session.
        with outside_ambient_transaction():
            await self._databases.platform.execute(END, scope, ids)
        for session in ids:
            await self._tell(Revoked(scope, "", session, 0))

    async def note(self, scope: str, user_id: str) -> Any:
        """Note that a user is about to be changed; returns the rows to settle. Await it before the transaction."""
        mark = uuid7()
        with outside_ambient_transaction():
            await self._databases.platform.execute(NOTE, mark, scope, user_id)
        return mark

    async def settle(self, mark: Any, least: int) -> None:
        """Have a user's tokens of older versions refused, here and everywhere."""
        row = await self._databases.platform.fetchrow(SETTLE, mark, least)
        if row is not None:
            await self._tell(Revoked(row["scope"], row["user_id"], "", least))

    async def known(self) -> None:
        """Wait until the table was read once. Raises SERVICE_UNAVAILABLE when it can't be."""
        if not self._first.is_set():
            try:
                await asyncio.wait_for(self._first.wait(), START_S)
            except TimeoutError:
                raise unavailable("database") from None

    async def look_again(self) -> None:
        """Read new rows, unless that was just done."""
        if self._read_at is None or time.monotonic() - self._read_at > MIN_PAUSE_S:
            with contextlib.suppress(Exception):
                await self.look()

    def age(self) -> float:
        """Seconds since the table was last read."""
        return time.monotonic() - self._read_at if self._read_at is not None else float("inf")

    async def follow(self) -> None:
        """Read the table until cancelled."""
        while True:
            self._wanted.clear()
            try:
                await self.look()
                await self._settle_forgotten()
                await self._prune()
            except Exception as error:
                log.warning("revocations.not_read", error=str(error), age=round(self.age(), 1))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), POLL_S)

    async def look(self) -> None:
        """Take in what the table has had since the last look."""
        async with self._looking:
            begun = time.monotonic()
            back = KEPT_S if self._read_at is None else min(begun - self._read_at + OVERLAP_S, KEPT_S)
            platform = self._databases.platform
            for row in await platform.fetch(READ, back):
                self._take(Revoked(row["scope"], row["user_id"], row["session"], row["least"] or 0))
            back = 1e9 if self._read_at is None else begun - self._read_at + OVERLAP_S
            rows = await platform.fetch(READ_KEYS, back)
            self._keyring.learn(Generation(row["scope"], row["generation"], row["good_until"]) for row in rows)
            self._read_at = begun
            self._first.set()

    def _heard(self, change: IdentityChanged) -> None:
        self._take(Revoked(change.scope, change.user_id, change.session_id, change.version))

    def _take(self, revoked: Revoked) -> None:
        now = time.monotonic()
        if revoked.session:
            self._ended[revoked.session] = now
            return
        user = (revoked.scope, revoked.user_id)
        self._least[user] = max(self._least.get(user, 0), revoked.least)
        self._since[user] = now

    async def _tell(self, revoked: Revoked) -> None:
        self._take(revoked)
        if self._connection is not None:
            await self._connection.announce(
                IdentityChanged(revoked.scope, revoked.user_id, revoked.session, revoked.least)
            )

    async def _settle_forgotten(self) -> None:
        for row in await self._databases.platform.fetch(READ_UNSETTLED, UNSETTLED_S):
            database = await self._database(row["scope"])
            if database is None:
                await self._databases.platform.execute(FORGET, row["id"])
                continue
            version = await database.fetchval(VERSION_OF, row["user_id"])
            log.warning("revocations.settled_for_another", scope=row["scope"], user_id=row["user_id"])
            await self.settle(row["id"], DELETED_USER_VERSION if version is None else version)

    async def _database(self, scope: str) -> Database | None:
        if scope == PLATFORM:
            return self._databases.platform
        app: AppRef | None = await self._apps.by_id(scope)
        return self._databases.of(app) if app else None

    async def _prune(self) -> None:
        now = time.monotonic()
        if now - self._pruned_at < PRUNE_INTERVAL_S:
            return
        self._pruned_at = now
        self._ended = {session: at for session, at in self._ended.items() if now - at < KEPT_S}
        for user in [user for user, at in self._since.items() if now - at >= KEPT_S]:
            del self._since[user], self._least[user]
        await self._databases.platform.execute(PRUNE_OLD, KEPT_S)
