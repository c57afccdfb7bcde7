"""`ROCKET_ENV=production`: the whole system works, and default credentials are refused."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from libs.shared.runtime.settings import ROOT, Settings
from services.data.settings import DataSettings
from services.events.settings import EventsSettings
from services.gateway.settings import GatewaySettings
from services.notify.settings import NotifySettings
from services.webhook.settings import WebhookSettings
from tests.support.client import PLATFORM, entity, text
from tests.support.receivers import HttpReceiver
from tests.support.stacks import calling, running

PASSWORD = "a-Long-pass-phrase-7"
OWNER = "owner@example.com"
GOOD: dict[str, Any] = {
    "env": "production",
    "secret_key": "0123456789abcdef0123456789abcdef",
    "database_url": "postgresql://rocket_x:0123456789abcdef@localhost/rocket",
    "nats_url": "nats://x:0123456789abcdef@localhost",
    "platform_admin_password": PASSWORD,
}
WEAK = [
    ("secret_key", "changeme"),
    ("secret_key", "k" * 64),
    ("database_url", "postgresql://rocket_x@localhost/rocket"),
    ("database_url", "postgresql://rocket_x:postgres@localhost/rocket"),
    ("nats_url", "nats://localhost:4222"),
    ("nats_url", "nats://x:nats@localhost"),
    ("database_servers", {"other": "postgresql://x:short@localhost/postgres"}),
]
SERVICES = (Settings, GatewaySettings, DataSettings, EventsSettings, NotifySettings, WebhookSettings)


@pytest.mark.parametrize(("name", "value"), WEAK)
@pytest.mark.parametrize("settings", SERVICES)
def test_weak_secrets_are_refused(settings: type[Settings], name: str, value: Any) -> None:
    assert settings(**GOOD).env == "production"
    if name not in settings.model_fields:
        return  # this service has no such secret
    with pytest.raises(ValidationError, match=r"in production|must hold a password"):
        settings(**{**GOOD, name: value})
    assert settings(**{**GOOD, name: value, "env": "development"}).env == "development"


async def test_a_gateway_with_the_default_password_does_not_start() -> None:
    given = {f"ROCKET_{name.upper()}": value for name, value in GOOD.items() if name != "platform_admin_password"}
    gateway = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.gateway"),
        cwd=ROOT,
        env={**os.environ, **given},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await gateway.communicate()
    assert gateway.returncode != 0
    assert b"ROCKET_PLATFORM_ADMIN_PASSWORD must have at least 12 characters" in output
    assert GOOD["secret_key"].encode() not in output


async def test_the_system_runs_in_production_mode(tmp_path: Path, receiver: HttpReceiver) -> None:
    variables = {"ROCKET_PLATFORM_ADMIN_PASSWORD": PASSWORD}
    async with running(tmp_path, variables=variables, environment="production") as stack, calling(stack) as anybody:
        form = {"email": PLATFORM[0], "password": PLATFORM[1]}
        (await anybody.post("/api/_platform/auth/login", form)).expect(401)
        platform = await anybody.login("_platform", PLATFORM[0], PASSWORD)
        owner = {"email": OWNER, "password": "changeme"}
        (await platform.post("/apps", {"name": "shop", "admin": owner})).expect(422)
        (await platform.post("/apps", {"name": "shop", "admin": {**owner, "password": PASSWORD}})).expect(201)
        for email in ("admin@localhost", OWNER):
            (await anybody.post("/api/shop/auth/login", {"email": email, "password": "changeme"})).expect(401)

        shop = await anybody.login("shop", OWNER, PASSWORD)
        await shop.define(entity("item", text("name")))
        made = (await shop.post("/item", {"name": "chair"})).expect(201).data
        assert (await shop.get(f"/item/{made['id']}")).expect(200).data["name"] == "chair"
        weak = {"email": "clerk@example.com", "password": "changeme", "roles": []}
        (await shop.post("/_admin/users", weak)).expect(422)

        for url in (receiver.url, "http://10.0.0.1/", "http://192.168.1.1:8080/", "http://169.254.169.254/"):
            hook = await shop.define({"entity": "item", "url": url}, "webhooks")
            row = (await shop.post(f"/_admin/webhooks/{hook['id']}/test")).expect(200).data
            assert row["status"] == "failed", url
            assert "must not be called by webhooks" in row["error"]
        assert not receiver.requests
