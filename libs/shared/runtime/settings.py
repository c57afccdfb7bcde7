"""Settings common to all services: app.yaml first, `ROCKET_*` of the environment over it."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

ROOT = Path(__file__).resolve().parents[3]
DEFAULT_SECRETS = frozenset({"", "changeme", "secret", "rocket", "development"})


class Settings(BaseSettings):
    """What every service needs to know. Units stand in the descriptions."""

    model_config = SettingsConfigDict(env_prefix="ROCKET_", extra="ignore", yaml_file=None)

    env: Literal["development", "production"] = Field("development", description="production refuses defaults")
    database_url: str = Field(description="DSN of the platform database, with this service's own role")
    database_connections: int = Field(12, ge=2, description="connections this process may have, over all databases")
    nats_url: str = Field("nats://127.0.0.1:4222", description="NATS server with JetStream")
    stream_replicas: int = Field(1, ge=1, le=5, description="copies of each stream; 3 on a NATS cluster of three")
    secret_key: str = Field(description="the platform's master secret; signing keys derive from it")
    replica: str = Field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}",
        description="name of this replica, the same after a restart if it can be",
    )
    http_host: str = Field("127.0.0.1", description="address to listen on")
    http_port: int = Field(0, ge=0, le=65535, description="port for health and metrics; 0: none")
    data_dir: Path = Field(Path(".rocket"), description="where files are kept that belong on disk")
    log_format: Literal["console", "json"] = Field("console", description="log lines for people or machines")
    log_level: str = Field("info", description="debug, info, warning or error")
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
        path = Path(os.environ.get("ROCKET_CONFIG", ROOT / "app.yaml"))
        return init_settings, env_settings, YamlConfigSettingsSource(settings_cls, yaml_file=path)

    @model_validator(mode="after")
    def production_has_no_defaults(self) -> Settings:
        """Refuse to start in production with a secret that is empty, short or well known."""
        if self.env == "production" and (self.secret_key in DEFAULT_SECRETS or len(self.secret_key) < 32):
            raise ValueError("ROCKET_SECRET_KEY must have at least 32 random characters in production")
        return self
