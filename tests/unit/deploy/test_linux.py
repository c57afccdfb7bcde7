"""On systems other than Linux the embedded stack says at once that it cannot start."""

from __future__ import annotations

import os
import sys

import pytest

from deploy.embedded.errors import CannotStart
from deploy.embedded.linux import require_linux


def test_linux_is_accepted() -> None:
    require_linux()


def test_other_systems_are_refused_with_the_alternative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(CannotStart, match=r"not on darwin: elsewhere use `docker compose"):
        require_linux()


def test_a_kernel_without_descriptors_of_processes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    with pytest.raises(CannotStart):
        require_linux()
