"""UUIDs of the kind that asyncpg reads: `uuid.UUID`s that are read and written in C."""

from __future__ import annotations

from asyncpg.pgproto.pgproto import UUID as UUID
