"""Error codes: the type that mypy checks and the table of statuses are the same."""

from __future__ import annotations

from typing import get_args

from libs.shared.errors import STATUS, TRANSIENT, ErrorCode, RocketError


def test_every_code_has_a_status_and_no_other_has() -> None:
    assert set(STATUS) == set(get_args(ErrorCode))
    assert set(STATUS) >= TRANSIENT


def test_a_status_of_its_own_takes_precedence() -> None:
    assert RocketError("VALIDATION_FAILED", "no").status == 422
    assert RocketError("VALIDATION_FAILED", "no", status=400).status == 400
