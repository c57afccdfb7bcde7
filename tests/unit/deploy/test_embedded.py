"""The embedded stack's pure parts: back-off, lines, settings, addresses."""

import json
from pathlib import Path

import pytest

from deploy.embedded.backoff import Backoff
from deploy.embedded.credentials import Credentials, load_or_create
from deploy.embedded.environment import Told, as_role, for_migrate, for_replica
from deploy.embedded.errors import CannotStart
from deploy.embedded.pipes import MAX_LINE_BYTES, Lines
from deploy.embedded.settings import Settings
from libs.shared.contracts.operations import SERVICES


def test_backoff_doubles_up_to_five_seconds() -> None:
    backoff = Backoff()
    delays = [backoff.delay_after(ran_for=1.0) for _ in range(8)]
    assert delays == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_backoff_resets_after_a_healthy_run() -> None:
    backoff = Backoff()
    backoff.delay_after(ran_for=1.0)
    backoff.delay_after(ran_for=1.0)
    assert backoff.delay_after(ran_for=10.0) == 0.1


def test_lines_are_put_together_from_pieces() -> None:
    lines = Lines()
    assert list(lines.feed(b"first\nsec")) == ["first"]
    assert list(lines.feed(b"ond\n\nthi")) == ["second", ""]
    assert list(lines.rest()) == ["thi"]


def test_a_line_without_end_is_cut_once_and_the_next_line_is_whole() -> None:
    lines = Lines()
    seen = [line for _ in range(50) for line in lines.feed(b"x" * 1000)]
    seen += lines.feed(b"\nnext\n")
    assert [len(seen[0]), seen[1]] == [MAX_LINE_BYTES + len(" [cut]"), "next"]


def test_a_service_dsn_derives_from_the_admins() -> None:
    admin = "postgresql://postgres:p%40ss@db.internal:6432/postgres?sslmode=require"
    assert as_role(admin, "rocket_data", "s/cret") == (
        "postgresql://rocket_data:s%2Fcret@db.internal:6432/rocket?sslmode=require"
    )


def test_settings_come_from_the_environment() -> None:
    settings = Settings.from_environment({"PORT": "9000", "ROCKET_ENV": "production", "HOST": ""})
    assert (settings.port, settings.environment, settings.host) == (9000, "production", "127.0.0.1")


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "http"), ("PORT", "70000"), ("ROCKET_ENV", "test"), ("ROCKET_DATABASE_URL", "mysql://x")],
)
def test_a_wrong_setting_is_named_in_one_line(name: str, value: str) -> None:
    with pytest.raises(CannotStart, match=f"^{name}={value}: .+$"):
        Settings.from_environment({name: value})


def test_the_default_data_dir_is_absolute_too() -> None:
    """Postgres changes its folder, so a relative path would not be found again."""
    assert Settings.from_environment({}).data_dir == Path.cwd() / ".rocket"


def test_a_service_gets_only_its_own_secrets() -> None:
    own = Credentials(roles=dict.fromkeys(SERVICES, "role"), previous_secret_keys=["former"])
    given = {"ROCKET_PLATFORM_ADMIN_PASSWORD": "admins", "ROCKET_SMTP_PASSWORD": "mails", "ROCKET_LOG_LEVEL": "debug"}
    told = Told(Settings(port=0), own, "postgresql://a:b@c/d", lambda user: f"nats://{user}", "nats://c", given)
    secrets = {
        own.secret_key: {"gateway"}, "former": {"gateway"}, "admins": {"gateway"}, own.data_key: {"data"},
        own.webhook_key: {"metadata", "webhook", "notify"}, own.subscribers: {"events"}, "mails": {"notify"},
    }  # fmt: skip
    environments = {service: for_replica(service, 0, 1, told) for service in SERVICES}
    holders = {
        secret: {service for service, variables in environments.items() if secret in json.dumps(variables)}
        for secret in secrets
    }
    assert holders == secrets
    assert all(variables["ROCKET_LOG_LEVEL"] == "debug" for variables in environments.values())
    assert not [secret for secret in secrets if secret in json.dumps(for_migrate(told))]


@pytest.mark.parametrize("outside", [None, "given from outside"])
def test_values_derived_from_the_former_secret_stay_valid(tmp_path: Path, outside: str | None) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps({"secret_key": "one for all", "postgres": "p"}))
    made = load_or_create(tmp_path, SERVICES, [], outside)
    shared = outside or "one for all"
    assert (made.data_key, made.webhook_key, made.previous_secret_keys) == (shared, shared, [shared])
    assert made.secret_key not in ("one for all", outside) and made.postgres == "p"
    assert load_or_create(tmp_path, SERVICES, [], None) == made
