"""Settings of accounts: passwords, secrets, mailed links, the platform's first account."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator, model_validator

from libs.shared.origins import ANY_ORIGIN, is_origin
from libs.shared.runtime.settings import KeyedSettings, strong
from services.gateway.identity.passwords import WELL_KNOWN_PASSWORD

MIN_ADMIN_PASSWORD_CHARACTERS = 12
MIN_PASSWORD_CHARACTERS = 10
"""Minimum length of a user's password in production, even if a smaller one is set."""


class IdentitySettings(KeyedSettings):
    """How accounts are kept and entered."""

    bcrypt_rounds: int = Field(12, ge=4, le=16, description="cost of password hashes; 12 takes about 0.3 s of a core")
    password_min_length: int = Field(1, ge=1, le=72, description="characters of new passwords; 10 in production")
    previous_secret_keys: list[str] = Field([], repr=False, description="former secret_keys, which can still decrypt")
    accept_invite_url: str = Field("", description="page of your front end that takes invites: {app}, {token}")
    reset_password_url: str = Field("", description="page of your front end that takes new passwords: {app}, {token}")
    public_url: str = Field("", description="where users reach Rocket; single sign-on needs it in production")
    sso_allow_private: bool = Field(False, description="whether providers of logins on private networks may be called")
    platform_admin_reset: bool = Field(False, description="true: the start resets the first account's password")
    platform_admin_email: str = Field("platform@localhost", description="first account of the platform")
    platform_admin_password: str = Field(WELL_KNOWN_PASSWORD, description="its password when it is made")

    @property
    def is_production(self) -> bool:
        """Whether publicly known defaults are refused."""
        return self.env == "production"

    @property
    def sso_allows_loopback(self) -> bool:
        """Whether providers of logins on this machine may be called."""
        return self.sso_allow_private or self.env == "development"

    @field_validator("public_url")
    @classmethod
    def is_an_origin(cls, value: str) -> str:
        """Refuse what is no origin."""
        if value and (not is_origin(value.rstrip("/")) or value == ANY_ORIGIN):
            raise ValueError("ROCKET_PUBLIC_URL must be an origin such as https://rocket.example.com")
        return value

    @property
    def min_password_characters(self) -> int:
        """Characters that a new password must have."""
        return max(self.password_min_length, MIN_PASSWORD_CHARACTERS if self.is_production else 1)

    @model_validator(mode="after")
    def production_has_no_default_password(self) -> Self:
        """Refuse to start in production with a well-known or short password for the first account."""
        if self.is_production and not strong(self.platform_admin_password, MIN_ADMIN_PASSWORD_CHARACTERS):
            raise ValueError("ROCKET_PLATFORM_ADMIN_PASSWORD must have at least 12 characters in production")
        return self
