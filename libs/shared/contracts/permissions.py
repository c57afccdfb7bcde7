"""Permissions that are not saved yet: what a changed set of them would open or close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from libs.shared.contracts.bodies import RequestBody
from libs.shared.contracts.messages import Request, Response

MAX_POLICIES = 2_000
"""Permissions of one changed set."""
MAX_AFFECTED = 200
"""Users whose rights are compared."""
EFFECT_TIMEOUT_S = 20.0
"""Seconds that a comparison may take; a part of them is for counting records."""


class EffectBody(RequestBody):
    """A changed set of permissions, as they would be saved or as GET answers them; all, or those of `entity`."""

    permissions: list[dict[str, Any]] = Field(max_length=MAX_POLICIES)
    entity: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedPolicies:
    """Permissions as they would be stored."""

    values_in_head: ClassVar[bool] = True
    permissions: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class CheckPolicies(Request[CheckedPolicies]):
    """Check permissions as if they were saved; nothing is. Raises VALIDATION_FAILED with the path of each mistake."""

    service, name, reply = "metadata", "permissions.check", CheckedPolicies
    by_services = True
    values_in_head: ClassVar[bool] = True
    permissions: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ComparePolicies(Request[Response]):
    """What these permissions would open or close, compared with the present ones: all, or those of `entity`.

    `people` are users (id, e-mail address, roles) whose rights are compared, too.
    """

    service, name, timeout = "data", "permissions.compare", EFFECT_TIMEOUT_S
    values_in_head: ClassVar[bool] = True
    permissions: list[dict[str, Any]]
    entity: str | None
    people: list[tuple[str, str, list[str]]]
