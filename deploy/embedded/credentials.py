"""Random secrets of one embedded stack, made once and kept in DATA_DIR/secrets.json (mode 0600)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, Field

from deploy.embedded.datadir import write_private

FILE_NAME = "secrets.json"


def _random() -> str:
    return secrets.token_urlsafe(32)


def _short() -> str:
    return secrets.token_hex(4)


class Credentials(BaseModel):
    """All passwords are URL-safe, so they stand in a DSN as they are."""

    stack: str = Field(default_factory=_short, description="tells this stack's replicas from others'")
    postgres: str = Field(default_factory=_random, description="password of the Postgres superuser")
    secret_key: str = Field(default_factory=_random, description="ROCKET_SECRET_KEY: signs and encrypts")
    subscribers: str = Field(default_factory=_random, description="ROCKET_SUBSCRIBERS_SECRET: signs their rights")
    roles: dict[str, str] = Field(default_factory=dict, description="service -> password of its role")
    nats_users: dict[str, str] = Field(default_factory=dict, description="user of NATS -> password")


def load_or_create(data_dir: Path, services: Iterable[str], nats_users: Iterable[str]) -> Credentials:
    """Reads the secrets of `data_dir`, making what is missing; a service or user added later gets its own.

    The caller holds the folder's lock, so nobody else writes meanwhile.
    """
    path = data_dir / FILE_NAME
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    credentials = Credentials.model_validate(kept)
    for service in services:
        credentials.roles.setdefault(service, _random())
    for user in nats_users:
        credentials.nats_users.setdefault(user, _random())
    if credentials.model_dump() != kept:
        write_private(path, credentials.model_dump_json(indent=2))
    return credentials
