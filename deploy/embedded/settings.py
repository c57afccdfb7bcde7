"""The settings of the embedded stack, checked before anything starts."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from deploy.embedded.errors import CannotStart

# field -> the environment variable it is read from
VARIABLES = {
    "port": "PORT",
    "host": "HOST",
    "data_dir": "DATA_DIR",
    "environment": "ROCKET_ENV",
    "database_url": "ROCKET_DATABASE_URL",
    "nats_url": "ROCKET_NATS_URL",
    "admin_build": "ROCKET_ADMIN_BUILD",
}


class Settings(BaseModel):
    """The embedded stack's settings. Each has a default that works on a fresh machine."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    port: int = Field(8080, ge=0, le=65535, description="TCP port of the gateway; 0 takes a free one")
    host: str = Field("127.0.0.1", min_length=1, description="address the gateway listens on")
    data_dir: Path = Field(Path(".rocket"), description="folder for data, logs, secrets; made if absent")
    environment: Literal["development", "production"] = Field("development", description="ROCKET_ENV")
    database_url: str | None = Field(None, description="an admin's DSN; given, no Postgres is started")
    nats_url: str | None = Field(None, description="given, no NATS server is started")
    admin_build: bool = Field(True, description="false: the Admin UI is not built beside the system")

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("database_url")
    @classmethod
    def _postgres_dsn(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in ("postgres", "postgresql"):
            raise ValueError("must begin with postgresql://")
        return value

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings from environment variables; an empty one counts as unset.

        Raises CannotStart naming the first invalid variable.
        """
        given = {field: environment[name] for field, name in VARIABLES.items() if environment.get(name)}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = VARIABLES[str(first["loc"][0])]
            raise CannotStart(f"{name}={first['input']}: {first['msg']}") from None


def refuse_taken_port(host: str, port: int) -> None:
    """Raise CannotStart if the gateway can't listen on `host`:`port`; port 0 is always possible."""
    if port == 0:
        return
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotStart(f"PORT={port} on {host}: {reason}; choose another with PORT=...") from None
