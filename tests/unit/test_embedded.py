"""The embedded stack's pure parts: back-off, lines, settings, addresses."""

from pathlib import Path

import pytest

from deploy.embedded.backoff import Backoff
from deploy.embedded.environment import as_role
from deploy.embedded.errors import CannotStart
from deploy.embedded.pipes import LONGEST_LINE, Lines
from deploy.embedded.settings import Settings


def test_backoff_doubles_up_to_five_seconds() -> None:
    backoff = Backoff()
    delays = [backoff.delay_after(ran_for=1.0) for _ in range(8)]
    assert delays == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_backoff_begins_again_after_a_healthy_run() -> None:
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
    assert [len(seen[0]), seen[1]] == [LONGEST_LINE + len(" [cut]"), "next"]


def test_an_admins_address_becomes_a_services() -> None:
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
