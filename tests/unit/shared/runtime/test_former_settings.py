"""Settings under their former names are read for one release, and named in the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from libs.shared.runtime.settings import Settings

GIVEN: dict[str, Any] = {"database_url": "postgresql://u@h/d"}


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "app.yaml"
    path.write_text("")
    monkeypatch.setenv("ROCKET_CONFIG", str(path))
    return path


def test_the_former_name_is_read_from_the_file_and_the_environment(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings(**GIVEN).replay_duty_cycle == 0.25
    config.write_text("replay_share: 0.5")
    assert Settings(**GIVEN).replay_duty_cycle == 0.5
    monkeypatch.setenv("ROCKET_REPLAY_SHARE", "0.75")
    assert Settings(**GIVEN).replay_duty_cycle == 0.75
    monkeypatch.setenv("ROCKET_REPLAY_DUTY_CYCLE", "1")
    assert Settings(**GIVEN).replay_duty_cycle == 1


def test_former_names_in_use_are_listed_with_their_present_names(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.former_names_in_use() == []
    config.write_text("replay_duty_cycle: 0.5")
    assert Settings.former_names_in_use() == []
    monkeypatch.setenv("ROCKET_REPLAY_SHARE", "0.75")
    assert Settings.former_names_in_use() == [("replay_share", "replay_duty_cycle")]
