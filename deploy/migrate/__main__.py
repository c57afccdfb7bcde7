"""`python -m deploy.migrate`: runs before the services of a new version start; safe to repeat.

ROCKET_DATABASE_URL    DSN of an administrator of the server (may create roles and databases)
ROCKET_DATABASE_SERVERS  JSON object: further servers for apps, name → DSN of an administrator there
                       (without user and password those above are used)
ROCKET_ROLE_PASSWORDS  JSON object: service → password of its role; or one ROCKET_PASSWORD_<SERVICE> each
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

import asyncpg

from deploy.migrate.job import migrate
from libs.shared.contracts.operations import SERVICES
from libs.shared.postgres.migrations import ChangedMigration
from libs.shared.process_title import set_process_title
from libs.shared.runtime.settings import MIN_PASSWORD_CHARACTERS, strong


def _passwords() -> dict[str, str]:
    given = json.loads(os.environ.get("ROCKET_ROLE_PASSWORDS", "{}"))
    for service in SERVICES:
        given.setdefault(service, os.environ.get(f"ROCKET_PASSWORD_{service.upper()}", ""))
    missing = [service for service in SERVICES if not given[service]]
    if missing:
        raise SystemExit(f"migrate: no password for the roles of {', '.join(missing)}")
    passwords = {service: given[service] for service in SERVICES}
    if os.environ.get("ROCKET_ENV") == "production":
        _refuse_weak(passwords)
    return passwords


def _refuse_weak(passwords: dict[str, str]) -> None:
    weak = [service for service, password in passwords.items() if not strong(password, MIN_PASSWORD_CHARACTERS)]
    if weak:
        raise SystemExit(
            f"migrate: the passwords of {', '.join(weak)} need {MIN_PASSWORD_CHARACTERS} random characters or more"
        )
    if len(set(passwords.values())) < len(passwords):
        raise SystemExit("migrate: each role needs a password of its own in production")


def main() -> None:
    """Migrate; exit with 1 and one clear line if that is impossible."""
    set_process_title("migrate")
    url = os.environ.get("ROCKET_DATABASE_URL", "")
    if not url:
        raise SystemExit("migrate: ROCKET_DATABASE_URL is not set")
    try:
        servers = json.loads(os.environ.get("ROCKET_DATABASE_SERVERS") or "{}")
        asyncio.run(migrate(url, _passwords(), servers))
    except (OSError, asyncpg.PostgresError, ChangedMigration) as error:
        print(f"migrate: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
