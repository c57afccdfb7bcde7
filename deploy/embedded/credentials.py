"""Random secrets of one embedded stack, created once and kept in DATA_DIR/secrets.json (mode 0600)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from deploy.embedded.datadir import write_private

FILE_NAME = "secrets.json"


def _random() -> str:
    return secrets.token_urlsafe(32)


def _short() -> str:
    return secrets.token_hex(4)


class Credentials(BaseModel):
    """The secrets of a stack. All are URL-safe, so they need no quoting in a DSN."""

    stack: str = Field(default_factory=_short, description="tells this stack's replicas from others'")
    postgres: str = Field(default_factory=_random, description="password of the Postgres superuser")
    secret_key: str = Field(default_factory=_random, description="the gateway's secret: signs tokens, seals factors")
    previous_secret_keys: list[str] = Field(default_factory=list, description="former ones, to read what they sealed")
    data_key: str = Field(default_factory=_random, description="data's secret: seals of the log, masks")
    webhook_key: str = Field(default_factory=_random, description="secret of metadata and webhook: signs deliveries")
    subscribers: str = Field(default_factory=_random, description="ROCKET_SUBSCRIBERS_SECRET: signs their rights")
    roles: dict[str, str] = Field(default_factory=dict, description="service -> password of its role")
    nats_users: dict[str, str] = Field(default_factory=dict, description="user of NATS -> password")


def load_or_create(
    data_dir: Path, services: Iterable[str], nats_users: Iterable[str], former: str | None = None
) -> Credentials:
    """Read the secrets of `data_dir` and create missing ones, for example of a service that was added.

    `former` is the secret that all services shared, if it was given from outside. The caller holds the folder's lock,
    so nobody else writes meanwhile.
    """
    path = data_dir / FILE_NAME
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    credentials = Credentials.model_validate(_parted(kept, former))
    for service in services:
        credentials.roles.setdefault(service, _random())
    for user in nats_users:
        credentials.nats_users.setdefault(user, _random())
    if credentials.model_dump() != kept:
        write_private(path, credentials.model_dump_json(indent=2))
    return credentials


def _parted(kept: dict[str, Any], former: str | None) -> dict[str, Any]:
    """Split the one secret of an older stack into one per service.

    Seals, masks and signatures of deliveries keep the former secret. The gateway gets a new one, so that what
    other services held is valid for no token; it decrypts with the former one.
    """
    if "secret_key" not in kept or "data_key" in kept:
        return kept
    shared = former or kept["secret_key"]
    fresh = {"secret_key": _random(), "previous_secret_keys": [shared]}
    return {**kept, **fresh, "data_key": shared, "webhook_key": shared}
