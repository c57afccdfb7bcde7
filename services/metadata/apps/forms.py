"""The bodies of requests that create and change apps. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from libs.shared.contracts.apps import is_origin
from libs.shared.errors import Refusals, invalid_field
from libs.shared.schema.validation_errors import refuse_unknown

NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
MAX_ORIGINS = 100
KEYS = ("name", "display_name", "db_driver", "server", "cors_origins", "admin")
DRIVERS = ("postgres", "postgresql")
MAX_PASSWORD_BYTES = 72
"""bcrypt reads no further."""


@dataclass(frozen=True, slots=True)
class NewApp:
    """The app to create. Without an admin's password the admin is invited."""

    name: str
    display_name: str
    server: str
    cors_origins: list[str]
    admin_email: str = ""
    admin_password: str = field(default="", repr=False)


def parse_app(body: dict[str, Any], servers: Sequence[str]) -> NewApp:
    """The app asked for; `servers` are those it may be placed on. Raises VALIDATION_FAILED."""
    refusals = Refusals()
    refusals.of(refuse_unknown, body, KEYS)
    name = refusals.of(_parse_name, body.get("name"))
    display_name = refusals.of(_parse_display_name, body.get("display_name"))
    refusals.of(_check_driver, body.get("db_driver", "postgres"))
    server = refusals.of(_parse_server, body.get("server"), servers)
    origins = refusals.of(parse_origins, body.get("cors_origins") or [])
    admin = refusals.of(_parse_admin, body.get("admin"))
    refusals.tell()
    return NewApp(name, display_name or name, server, origins, *admin)


def _parse_name(name: Any) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise invalid_field("name", "name must begin with a letter and hold a-z, 0-9, _ and - only, at most 63")
    return name


def _parse_display_name(name: Any) -> str:
    if not isinstance(name or "", str):
        raise invalid_field("display_name", "display_name must be a string")
    return name or ""


def _check_driver(driver: Any) -> None:
    if driver not in DRIVERS:
        raise invalid_field("db_driver", f"db_driver must be one of {', '.join(DRIVERS)}")


def _parse_server(server: Any, servers: Sequence[str]) -> str:
    if server and server not in servers:
        known = ", ".join(servers) or "there are none besides the platform's"
        raise invalid_field("server", f"server must be the name of a database server: {known}")
    return server or ""


@dataclass(frozen=True, slots=True)
class AppChange:
    """The parts of an app to change; None leaves one as it is."""

    display_name: str | None
    cors_origins: list[str] | None


def parse_change(body: dict[str, Any]) -> AppChange:
    """The parts to change. Raises VALIDATION_FAILED."""
    refuse_unknown(body, ("display_name", "cors_origins"))
    display_name = body.get("display_name")
    if display_name is not None and (not isinstance(display_name, str) or not display_name):
        raise invalid_field("display_name", "display_name must be a string")
    return AppChange(display_name, parse_origins(body["cors_origins"]) if "cors_origins" in body else None)


def parse_origins(value: Any) -> list[str]:
    """Origins whose pages may call an app. Raises VALIDATION_FAILED."""
    if not isinstance(value, list) or not all(isinstance(origin, str) and is_origin(origin) for origin in value):
        raise invalid_field("cors_origins", "cors_origins must be a list of origins such as https://app.example.com")
    if len(value) > MAX_ORIGINS:
        raise invalid_field("cors_origins", f"cors_origins may name {MAX_ORIGINS} origins at most")
    return value


def _parse_admin(admin: Any) -> tuple[str, str]:
    """Address and password of the first admin; the gateway checks the rest."""
    if admin is None:
        return "", ""
    if isinstance(admin, dict):
        refuse_unknown(admin, ("email", "password"), "admin")
    if not isinstance(admin, dict) or not isinstance(admin.get("email"), str) or "@" not in admin["email"]:
        raise invalid_field("admin.email", "admin must have an email", "required")
    password = admin.get("password")
    is_text = isinstance(password, str)
    if password is not None and not (is_text and 1 <= len(password.encode()) <= MAX_PASSWORD_BYTES):
        raise invalid_field("admin.password", f"admin.password must have 1 to {MAX_PASSWORD_BYTES} bytes")
    return admin["email"], password or ""
