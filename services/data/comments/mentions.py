"""Who is mentioned in a comment: `@mail`, or `@local-part` where only one reader of the record has that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import re2

from libs.shared.contracts.context import Identity
from libs.shared.emails import same_address
from services.data.model import EntityModel
from services.data.permissions import granted

MAX_MENTIONS = 50
"""Names in one comment that are looked at."""
CODE = re2.compile(r"(?s)```.*?(?:```|$)|`[^`\n]*`")
NAME = re2.compile(r"(^|[^\pL\pN_@./+-])@([\pL\pN_.+%-]+(?:@[\pL\pN_-]+(?:\.[\pL\pN_-]+)*)?)")
Mention = Mapping[str, str]
"""`id` and `email` of a user."""


def names_in(body: str) -> list[str]:
    """The names behind an @ outside of code, each once, in the form that addresses are compared in."""
    found = (match[2].rstrip(".-") for match in NAME.finditer(CODE.sub(" ", body)))
    return list(dict.fromkeys(same_address(name) for name in found if name))[:MAX_MENTIONS]


def mentions_of(names: Sequence[str], readers: Sequence[Identity]) -> list[Mention]:
    """The readers that are meant, each once. A name that several of them have means none."""
    found: dict[str, Mention] = {}
    for name in names:
        meant = [each for each in readers if name in (same_address(each.email), local_part(each.email))]
        if len(meant) == 1:
            found[meant[0].id] = {"id": meant[0].id, "email": meant[0].email}
    return list(found.values())


def ids_of(mentions: Sequence[Mention], before: Sequence[str] | None = None) -> list[str]:
    """The ids of all who are mentioned now, or were before."""
    return list(dict.fromkeys([*(before or ()), *(mention["id"] for mention in mentions)]))


def readers_among(
    entity: EntityModel, record: Mapping[str, Any], people: Iterable[tuple[str, str, Sequence[str]]]
) -> list[Identity]:
    """Those users (id, address, roles) who may read a record."""
    identities = (Identity(user_id, email, tuple(sorted(roles))) for user_id, email, roles in people)
    return [each for each in identities if _may_read(entity, record, each)]


def local_part(email: str) -> str:
    """What stands before the @ of an address."""
    return same_address(email).rpartition("@")[0]


def _may_read(entity: EntityModel, record: Mapping[str, Any], identity: Identity) -> bool:
    grant = granted(entity, "read", identity)
    return grant is not None and grant.covers(record)
