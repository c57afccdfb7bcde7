"""Claims of a provider, and the roles that follow from them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from libs.shared.contracts.auth_providers import RoleMapping
from libs.shared.contracts.bodies import MAX_ROLES

MAX_VALUES = 10_000
"""Values of a claim that are looked at: an account may be in many groups."""


def values_of(claims: Mapping[str, Any], name: str) -> list[str]:
    """The values of a claim as texts. A whole name is tried before a path of names with dots."""
    if name in claims:
        return _texts(claims[name])
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return _texts(found)


def matching(mapping: Sequence[RoleMapping], claims: Mapping[str, Any]) -> Iterator[RoleMapping]:
    """The lines of a mapping that fit the claims."""
    for line in mapping:
        if any(_fits(line.value, value) for value in values_of(claims, line.claim)):
            yield line


def mapped_roles(mapping: Sequence[RoleMapping], claims: Mapping[str, Any]) -> list[str]:
    """The roles that claims are given, in the order of the mapping, each once."""
    return _unique(role for line in matching(mapping, claims) for role in line.roles)


@dataclass(frozen=True, slots=True)
class RoleChange:
    """A user's roles after a login, and those of them that they have by this provider's mapping alone."""

    roles: list[str]
    granted: list[str]


def synchronized(
    current: Sequence[str], granted: Set[str], by_others: Set[str], mapped: Sequence[str], has_room: int = MAX_ROLES
) -> RoleChange:
    """The roles after a login whose claims map to `mapped`.

    `granted` are those that this provider's mapping has given before, `by_others` those of other providers'. What is in
    neither was given by an admin, and stays. A role that is mapped no longer goes, unless another provider grants it.
    """
    by_admin = [role for role in current if role not in granted and role not in by_others]
    now = [role for role in mapped if role not in by_admin]
    kept = [role for role in current if role in by_admin or role in by_others]
    roles = _unique([*kept, *now])[:has_room]
    return RoleChange(roles, [role for role in now if role in roles])


def _fits(pattern: str, value: str) -> bool:
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list | tuple) else [value]
    return [text for each in values[:MAX_VALUES] if (text := _text(each)) is not None]


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _unique(roles: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(roles))
