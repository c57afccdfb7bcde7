"""The environment variables of each process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

from deploy.embedded.credentials import Credentials
from deploy.embedded.ports import LOCALHOST
from deploy.embedded.settings import Settings

PLATFORM_DATABASE = "rocket"
# time for requests under way when a service stops; the supervisor waits a little longer
DRAIN_S = "2"
SERVICE_SETTINGS = frozenset(
    {
        "ROCKET_SECRET_KEY", "ROCKET_PREVIOUS_SECRET_KEYS", "ROCKET_DATA_KEY", "ROCKET_WEBHOOK_KEY",
        "ROCKET_PLATFORM_ADMIN_PASSWORD", "ROCKET_SMTP_PASSWORD",
    }
)  # fmt: skip
"""Secrets that `secrets_of` gives to the services that use them, and to no others."""


@dataclass(frozen=True)
class Told:
    """The values that all processes share: settings, secrets, addresses, the caller's environment."""

    settings: Settings
    credentials: Credentials
    database_url: str
    nats_url: Callable[[str], str]
    """The address for a service, with its own user if the server is ours."""
    nats_public_url: str
    inherited: Mapping[str, str]


def for_replica(service: str, number: int, http_port: int, told: Told) -> dict[str, str]:
    """The variables of one replica. They override the caller's own ROCKET_* variables."""
    dsn = as_role(told.database_url, f"rocket_{service}", told.credentials.roles[service])
    host = told.settings.host if service == "gateway" else LOCALHOST
    return {
        "ROCKET_DRAIN_SECONDS": DRAIN_S,
        **subscribers(service, told),
        **passed_through(told.inherited),
        **secrets_of(service, told),
        "ROCKET_SERVICE": service,
        "ROCKET_REPLICA": f"{told.credentials.stack}-{number}",
        "ROCKET_ENV": told.settings.environment,
        "ROCKET_DATABASE_URL": dsn,
        "ROCKET_DATABASE_SERVERS": servers_as_role(told, f"rocket_{service}", told.credentials.roles[service]),
        "ROCKET_NATS_URL": told.nats_url(service),
        "ROCKET_DATA_DIR": str(told.settings.data_dir),
        "ROCKET_HTTP_HOST": host,
        "ROCKET_HTTP_PORT": str(http_port),
    }


def for_migrate(told: Told) -> dict[str, str]:
    """The variables of the migrate job: an administrator's DSN and the passwords of the roles."""
    return {
        **passed_through(told.inherited),
        "ROCKET_ENV": told.settings.environment,
        "ROCKET_DATABASE_URL": told.database_url,
        "ROCKET_ROLE_PASSWORDS": json.dumps(told.credentials.roles),
    }


def subscribers(service: str, told: Told) -> dict[str, str]:
    """The secret that admits outside subscribers; with the caller's own NATS server, the caller's."""
    if told.settings.nats_url is not None:
        return {}
    secret = {"ROCKET_SUBSCRIBERS_SECRET": told.credentials.subscribers} if service == "events" else {}
    return {**secret, "ROCKET_NATS_PUBLIC_URL": told.nats_public_url}


def servers_as_role(told: Told, role: str, password: str) -> str:
    """Further servers as a service uses them; the caller names them with DSNs of an administrator."""
    servers = json.loads(told.inherited.get("ROCKET_DATABASE_SERVERS") or "{}")
    mine = {name: as_role(dsn, role, password, urlsplit(dsn).path) for name, dsn in servers.items()}
    return json.dumps(mine)


def secrets_of(service: str, told: Told) -> dict[str, str]:
    """The secrets of one service: the caller's, or those of this stack."""
    own, given = told.credentials, told.inherited
    match service:
        case "gateway":
            secrets = {
                "ROCKET_SECRET_KEY": own.secret_key,
                "ROCKET_PREVIOUS_SECRET_KEYS": json.dumps(own.previous_secret_keys),
            }
            return {**secrets, **_given(given, *secrets, "ROCKET_PLATFORM_ADMIN_PASSWORD")}
        case "data":
            return {"ROCKET_SECRET_KEY": given.get("ROCKET_DATA_KEY") or own.data_key}
        case "metadata" | "webhook":
            return {"ROCKET_SECRET_KEY": given.get("ROCKET_WEBHOOK_KEY") or own.webhook_key}
        case "notify":
            key = {"ROCKET_SECRET_KEY": given.get("ROCKET_WEBHOOK_KEY") or own.webhook_key}
            return {**key, **_given(given, "ROCKET_SMTP_PASSWORD")}
        case _:
            return {}


def _given(environment: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: environment[name] for name in names if environment.get(name)}


def passed_through(environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's ROCKET_* variables, without secrets of single services."""
    return {n: value for n, value in environment.items() if n.startswith("ROCKET_") and n not in SERVICE_SETTINGS}


def as_role(dsn: str, role: str, password: str, path: str = f"/{PLATFORM_DATABASE}") -> str:
    """The same server and options for another role, by default in the platform's database."""
    parts = urlsplit(dsn)
    hosts = parts.netloc.rpartition("@")[2]
    netloc = f"{quote(role, safe='')}:{quote(password, safe='')}@{hosts}"
    return urlunsplit(parts._replace(netloc=netloc, path=path))
