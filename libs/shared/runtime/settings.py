"""Settings common to all services: app.yaml first, `ROCKET_*` of the environment over it."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from libs.shared.postgres.pools import MIN_CONNECTIONS

PREFIX = "ROCKET_"
"""The prefix of the environment variables of settings."""
ROOT = Path(__file__).resolve().parents[3]
SERVER_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
MIN_SECRET_CHARACTERS = 32
"""The minimum length of a secret that keys derive from, in production."""
MIN_PASSWORD_CHARACTERS = 16
"""The minimum length of a password between parts of Rocket, in production."""
MIN_DISTINCT_CHARACTERS = 8
"""The minimum number of different characters in a secret, in production; it excludes "kkkk…"."""


class Settings(BaseSettings):
    """The settings common to all services. Their descriptions name the units."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", yaml_file=None)

    former_names: ClassVar[Mapping[str, str]] = {"replay_duty_cycle": "replay_share"}
    """Setting → its name in the previous release, which is read where the present one is not set."""

    env: Literal["development", "production"] = Field("development", description="production refuses defaults")
    database_url: str = Field(description="DSN of the platform database, with this service's own role")
    database_connections: int = Field(
        12, ge=MIN_CONNECTIONS, description="connections this process may have, over all databases"
    )
    database_servers: dict[str, str] = Field(
        {}, description="further PostgreSQL servers that apps may be placed on, name: DSN"
    )
    nats_url: str = Field("nats://127.0.0.1:4222", description="NATS server with JetStream")
    nats_public_url: str = Field("", description="where outside subscribers find NATS, as they are told")
    stream_replicas: int = Field(1, ge=1, le=5, description="copies of each stream; 3 on a NATS cluster of three")
    stream_retention: float = Field(
        2_592_000, ge=1, le=3_456_000, description="seconds that event streams keep events; the log keeps them for ever"
    )
    replica: str = Field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}",
        description="name of this replica, the same after a restart if it can be",
    )
    http_host: str = Field("127.0.0.1", description="address to listen on")
    http_port: int = Field(0, ge=0, le=65535, description="port for health and metrics; 0: none")
    data_dir: Path = Field(Path(".rocket"), description="where files are kept that belong on disk")
    log_format: Literal["console", "json"] = Field("console", description="log lines for people or machines")
    log_level: str = Field("info", description="debug, info, warning or error")
    replay_duty_cycle: float = Field(
        0.25, gt=0, le=1, description="share of the time in which a verification or rebuild works; it pauses otherwise"
    )
    instrumentation_enabled: bool = Field(True, description="whether spans are made and kept; apps may say otherwise")
    drain_seconds: float = Field(5.0, gt=0, description="seconds for requests under way at shutdown")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The sources by precedence: environment, then app.yaml; a former name ranks behind the present one."""
        file_settings = _config_file(settings_cls)
        environment, file = _former_values(settings_cls, file_settings())
        return (
            init_settings,
            env_settings,
            InitSettingsSource(settings_cls, environment),
            file_settings,
            InitSettingsSource(settings_cls, file),
        )

    @classmethod
    def former_names_in_use(cls) -> list[tuple[str, str]]:
        """The former names that are set, in the environment or in app.yaml, each with its present name."""
        former = _former_names(cls)
        environment, file = _former_values(cls, _config_file(cls)())
        return [(former[name], name) for name in {**environment, **file}]

    @field_validator("database_servers")
    @classmethod
    def servers_have_names_and_addresses(cls, value: dict[str, str]) -> dict[str, str]:
        """Refuse invalid server names and DSNs. The message never contains a DSN."""
        for name, dsn in value.items():
            if not SERVER_NAME.fullmatch(name):
                raise ValueError(f"{name[:40]!r} is no name of a server: a-z, 0-9, _ and -, at most 63")
            if urlsplit(dsn).scheme not in ("postgres", "postgresql") or not urlsplit(dsn).hostname:
                raise ValueError(f"the DSN of the server {name} must begin with postgresql:// and name a host")
        return value

    @model_validator(mode="after")
    def production_has_no_defaults(self) -> Settings:
        """Refuse to start in production with a missing or weak password."""
        if self.env != "production":
            return self
        for name, url in (("ROCKET_DATABASE_URL", self.database_url), ("ROCKET_NATS_URL", self.nats_url)):
            if not strong(unquote(urlsplit(url).password or ""), MIN_PASSWORD_CHARACTERS):
                raise ValueError(
                    f"{name} must hold a password of {MIN_PASSWORD_CHARACTERS} characters or more in production"
                )
        for name, dsn in self.database_servers.items():
            password = urlsplit(dsn).password
            if password is not None and not strong(unquote(password), MIN_PASSWORD_CHARACTERS):
                raise ValueError(
                    f"the DSN of the server {name} must hold a password of {MIN_PASSWORD_CHARACTERS} characters"
                )
        return self


class KeyedSettings(Settings):
    """The settings of a service that signs, seals or hashes and therefore has a secret.

    The gateway has its own secret. Data uses its secret for seals of the log and for masks. Metadata, webhook and
    notify share a secret, because metadata shows the keys that webhook signs with, and encrypts what notify reads.
    """

    secret_key: str = Field(repr=False, description="this service's own secret, which its keys derive from")

    @model_validator(mode="after")
    def production_has_a_strong_key(self) -> KeyedSettings:
        """Refuse to start in production with a weak secret."""
        if self.env == "production" and not strong(self.secret_key, MIN_SECRET_CHARACTERS):
            raise ValueError(
                f"ROCKET_SECRET_KEY must have at least {MIN_SECRET_CHARACTERS} random characters in production"
            )
        return self


def strong(secret: str, length: int) -> bool:
    """Whether a secret is long enough and has enough different characters."""
    return len(secret) >= length and len(set(secret)) >= MIN_DISTINCT_CHARACTERS


def _former_names(settings: type[BaseSettings]) -> dict[str, str]:
    """The former names of all settings of a class, those of its bases included."""
    return {name: old for base in settings.__mro__ for name, old in base.__dict__.get("former_names", {}).items()}


def _config_file(settings: type[BaseSettings]) -> YamlConfigSettingsSource:
    return YamlConfigSettingsSource(settings, yaml_file=Path(os.environ.get("ROCKET_CONFIG", ROOT / "app.yaml")))


def _former_values(settings: type[BaseSettings], file: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Setting → the value set under its former name, in the environment and in the file."""
    former = _former_names(settings)
    environment = {name: os.environ.get(f"{PREFIX}{old.upper()}") for name, old in former.items()}
    in_file = {name: file.get(old) for name, old in former.items()}
    return _without_nones(environment), _without_nones(in_file)


def _without_nones(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
