"""Roles by claims, and who is let in, over generated claims, mappings and histories."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from libs.shared.contracts.auth_providers import AuthProviderBody, JitSettings, RoleMapping
from libs.shared.errors import RocketError
from services.gateway.identity.sso.admission import Entry, decide
from services.gateway.identity.sso.claims import mapped_roles, synchronized, values_of
from services.gateway.identity.sso.external import ExternalIdentity

ROLES = [f"r{n}" for n in range(6)]
GROUPS = ["a", "a-b", "a-c", "b", "*", ""]
lines = some.builds(
    RoleMapping,
    claim=some.sampled_from(["groups", "realm_access.roles", "a.b"]),
    value=some.sampled_from([*GROUPS[:4], "a*", "a-*", "*"]),
    roles=some.lists(some.sampled_from(ROLES), min_size=1, max_size=3),
)
values = some.one_of(
    some.lists(some.sampled_from(GROUPS)), some.sampled_from(GROUPS), some.none(), some.booleans(), some.integers(),
    some.dictionaries(some.sampled_from(["roles", "b"]), some.lists(some.sampled_from(GROUPS))),
)  # fmt: skip
claims = some.dictionaries(some.sampled_from(["groups", "realm_access", "a.b", "a", "email"]), values)


def test_claims_by_name_and_path() -> None:
    sent: dict[str, Any] = {"a.b": ["whole"], "a": {"b": ["path"], "c": {"d": 5}}, "yes": True, "o": {"x": 1}}
    assert values_of(sent, "a.b") == ["whole"] and values_of(sent, "a.c.d") == ["5"]
    assert values_of(sent, "yes") == ["true"] and values_of(sent, "o") == [] and values_of(sent, "a.x.y") == []


@given(some.lists(lines, max_size=6), claims)
def test_a_role_is_mapped_if_and_only_if_a_line_of_it_fits(mapping: list[RoleMapping], sent: dict[str, Any]) -> None:
    def fits(line: RoleMapping) -> bool:
        found = values_of(sent, line.claim)
        return any(v.startswith(line.value[:-1]) if line.value[-1] == "*" else v == line.value for v in found)

    mapped = mapped_roles(mapping, sent)
    assert set(mapped) == {role for line in mapping if fits(line) for role in line.roles}
    assert len(set(mapped)) == len(mapped)


@dataclass
class Person:
    """A user with the identities of two providers, and a model beside: what each source gives."""

    roles: list[str] = field(default_factory=list)
    granted: dict[str, list[str]] = field(default_factory=lambda: {"one": [], "two": []})
    by_admin: set[str] = field(default_factory=set)


steps = some.lists(
    some.one_of(
        some.tuples(some.sampled_from(["one", "two"]), some.lists(some.sampled_from(ROLES), unique=True)),
        some.tuples(some.just("admin gives"), some.sampled_from(ROLES)),
        some.tuples(some.just("admin takes"), some.sampled_from(ROLES)),
    ),
    max_size=12,
)


@given(steps)
def test_a_role_stays_while_anybody_gives_it_and_goes_with_the_last(history: list[tuple[str, Any]]) -> None:
    person = Person()
    for who, what in history:
        granted = {role for roles in person.granted.values() for role in roles}
        if who == "admin gives" and what not in person.roles:
            person.roles.append(what)
            person.by_admin.add(what)
        elif who == "admin takes" and what in person.roles and what not in granted:
            person.roles.remove(what)
            person.by_admin.discard(what)
        elif who in person.granted:
            other = "two" if who == "one" else "one"
            others = frozenset(person.granted[other])
            after = synchronized(person.roles, frozenset(person.granted[who]), others, what)
            person.roles, person.granted[who] = after.roles, after.granted
            # A removed group removes its mapped roles, and nothing else.
            assert set(after.roles) == person.by_admin | set(what) | others
            assert set(after.granted) == set(what) - person.by_admin
            again = synchronized(after.roles, frozenset(after.granted), others, what)
            assert (set(again.roles), set(again.granted)) == (set(after.roles), set(after.granted))


identities = some.builds(
    ExternalIdentity,
    subject=some.just("s"),
    email=some.sampled_from(
        [None, "", "no address", "a@b.example", "A@B.example ", "a@other.example", "a" * 400 + "@b"]
    ),
    email_verified=some.booleans(),
    claims=claims,
)
bodies = some.builds(
    AuthProviderBody,
    name=some.just("idp"),
    type=some.just("oidc"),
    config=some.just({}),
    jit=some.builds(JitSettings, enabled=some.booleans()),
    link=some.sampled_from(["verified_email", "never"]),
    allowed_domains=some.sampled_from([None, ["b.example"], ["b.example", "c.example"]]),
    label=some.none(), id=some.none(), created_at=some.none(), updated_at=some.none(), endpoints=some.none(),
    role_mapping=some.just([]), sync_roles=some.just("always"), active=some.just(True),
)  # fmt: skip


@given(bodies, identities, some.sampled_from([None, True, False]), some.sampled_from([None, True, False]))
def test_who_is_let_in(
    body: AuthProviderBody, identity: ExternalIdentity, known: bool | None, there: bool | None
) -> None:
    usable = (identity.email or "").strip().lower() in ("a@b.example", "a@other.example")
    inside = not body.allowed_domains or (identity.email or "").strip().lower() == "a@b.example"
    try:
        entry = decide(body, identity, known, there)
    except RocketError as refused:
        assert refused.code == "USER_NOT_PROVISIONED"
        assert not (known and inside)
        return
    assert inside
    if entry is Entry.KNOWN:
        assert known
    elif entry is Entry.LINKED:
        assert known is None and there and identity.email_verified and body.link == "verified_email"
    else:
        assert known is None and there is None and usable and identity.email_verified and body.jit.enabled


@pytest.mark.parametrize("verified", [True, False])
def test_an_unverified_address_opens_no_account(verified: bool) -> None:
    body = AuthProviderBody(name="idp", type="oidc", config={}, link="verified_email", jit=JitSettings(enabled=True))
    identity = ExternalIdentity("s", "a@b.example", verified, {})
    if verified:
        assert decide(body, identity, None, True) is Entry.LINKED
    else:
        with pytest.raises(RocketError):
            decide(body, identity, None, True)
