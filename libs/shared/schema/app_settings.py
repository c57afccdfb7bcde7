"""The settings of an app. What is null is as the installation has it, or empty."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from libs.shared.origins import MAX_ORIGINS, is_origin
from libs.shared.schema.strict import Strict

MAX_LOGO_BYTES = 64 * 1024
"""Bytes of the image of a logo."""
MAX_LOGO_CHARACTERS = 4 * MAX_LOGO_BYTES // 3 + 100
LOGO_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/svg+xml")
MAX_LINKS = 20
LINK_SCHEMES = ("http", "https", "mailto")
HEX = frozenset("0123456789abcdefABCDEF")


def _or_empty(empty: Any) -> BeforeValidator:
    return BeforeValidator(lambda value: empty() if value is None else value)


def _origin(text: str) -> str:
    if not is_origin(text):
        raise ValueError("must be an origin such as https://app.example.com")
    return text


def _colour(text: str) -> str:
    if len(text) != 7 or text[0] != "#" or not HEX.issuperset(text[1:]):
        raise ValueError("must be a colour such as #1a2b3c")
    return text


def _logo(text: str) -> str:
    head, comma, data = text.partition(",")
    if not comma or head not in {f"data:{kind};base64" for kind in LOGO_TYPES}:
        raise ValueError(f"must be a data: URL in base64 of one of {', '.join(LOGO_TYPES)}")
    try:
        image = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not valid base64") from None
    if not 0 < len(image) <= MAX_LOGO_BYTES:
        raise ValueError(f"must have 1 to {MAX_LOGO_BYTES} bytes")
    return text


def _link(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in LINK_SCHEMES or not (parts.netloc or parts.scheme == "mailto") or not text.isprintable():
        raise ValueError(f"must be a URL that begins with {', '.join(LINK_SCHEMES)}")
    return text


def _line(text: str) -> str:
    if text != text.strip() or not text.isprintable():
        raise ValueError("must be printable, without blanks around it")
    return text


class InstrumentationSettings(Strict):
    """Which spans of the app are kept, and for how long."""

    enabled: bool | None = None
    retention_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    sampling_rate: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None


class FileSettings(Strict):
    """Who may download files."""

    access: Literal["authenticated", "record"] | None = None


class Branding(Strict):
    """How user interfaces show the app, before the login too."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_line)] | None = None
    logo: Annotated[str, Field(max_length=MAX_LOGO_CHARACTERS), AfterValidator(_logo)] | None = None
    colour: Annotated[str, AfterValidator(_colour)] | None = None


class SettingsLink(Strict):
    """A link that user interfaces show."""

    label: Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_line)]
    url: Annotated[str, Field(max_length=2_000), AfterValidator(_link)]


class AppSettings(Strict):
    """All settings of an app."""

    instrumentation: Annotated[InstrumentationSettings, _or_empty(dict)] = InstrumentationSettings()
    audit_default: bool | None = None
    password_login: bool | None = None
    files: Annotated[FileSettings, _or_empty(dict)] = FileSettings()
    cors_origins: Annotated[list[Annotated[str, AfterValidator(_origin)]], _or_empty(list)] = Field(
        default_factory=list, max_length=MAX_ORIGINS
    )
    branding: Annotated[Branding, _or_empty(dict)] = Branding()
    links: Annotated[list[SettingsLink], _or_empty(list)] = Field(default_factory=list, max_length=MAX_LINKS)

    @property
    def closes_passwords(self) -> bool:
        """Whether only admins log in with passwords, as far as an admin can log in at a provider."""
        return self.password_login is False

    @property
    def audits_by_default(self) -> bool:
        """Whether entities are audited whose definition does not say."""
        return self.audit_default is not False
