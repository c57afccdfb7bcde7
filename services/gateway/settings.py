"""The gateway's settings."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from libs.shared.runtime.settings import KeyedSettings, strong
from services.gateway.limits.settings import LimitSettings
from services.gateway.live.streams import Limits

ADMIN_FOLDER = str(Path(__file__).resolve().parents[2] / "admin" / "dist")
LEAST_ADMIN_PASSWORD = 12
LEAST_PASSWORD = 10
"""Characters of a user's password in production, whatever is set."""
DEVELOPMENT_PASSWORD = "changeme"


class GatewaySettings(LimitSettings, KeyedSettings):
    """What only the gateway needs to know."""

    http_port: int = Field(8080, ge=0, le=65535, description="port of the REST API")
    request_timeout: float = Field(10.0, gt=0, description="seconds from the door to the answer")
    body_timeout: float = Field(30.0, gt=0, description="seconds in which a request's body must arrive")
    max_body_bytes: int = Field(10 * 1024 * 1024, gt=0, description="largest JSON body, in bytes")
    max_file_bytes: int = Field(10 * 1024 * 1024, gt=0, description="largest uploaded file, in bytes")
    file_types: list[str] = Field([], description="types that may be uploaded, such as image/*; empty: all")
    upload_timeout: float = Field(300.0, gt=0, description="seconds in which an upload must arrive")
    admin_folder: str = Field(ADMIN_FOLDER, description="folder of the built Admin UI")
    bcrypt_rounds: int = Field(12, ge=4, le=16, description="cost of password hashes; 12 takes about 0.3 s of a core")
    password_min_length: int = Field(1, ge=1, le=72, description="characters of new passwords; 10 in production")
    previous_secret_keys: list[str] = Field([], repr=False, description="former secret_keys, to read what they hid")
    accept_invite_url: str = Field("", description="page of your front end that takes invites: {app}, {token}")
    reset_password_url: str = Field("", description="page of your front end that takes new passwords: {app}, {token}")
    platform_admin_reset: bool = Field(False, description="true: at a start the first account gets its password anew")
    platform_admin_email: str = Field("platform@localhost", description="first account of the platform")
    platform_admin_password: str = Field(DEVELOPMENT_PASSWORD, description="its password when it is made")
    storage_url: str = Field("", description="where files go: empty for data_dir/files, or s3://bucket/prefix")
    live_per_user: int = Field(20, gt=0, description="live streams of one user at once, per gateway")
    live_per_app: int = Field(500, gt=0, description="live streams of one app at once, per gateway")
    live_streams: int = Field(2000, gt=0, description="live streams at once, per gateway")

    @property
    def least_password(self) -> int:
        """Characters that a new password must have."""
        return max(self.password_min_length, LEAST_PASSWORD if self.env == "production" else 1)

    @property
    def live_limits(self) -> Limits:
        """How many live streams there may be."""
        return Limits(self.live_per_user, self.live_per_app, self.live_streams)

    @model_validator(mode="after")
    def production_has_no_default_password(self) -> GatewaySettings:
        """Refuse to start in production with a well-known or short password for the first account."""
        if self.env == "production" and not strong(self.platform_admin_password, LEAST_ADMIN_PASSWORD):
            raise ValueError("ROCKET_PLATFORM_ADMIN_PASSWORD must have at least 12 characters in production")
        return self
