"""Keys by generation, and what ends a credential."""

from __future__ import annotations

from typing import Any, cast

import jwt
import pytest

from libs.shared.contracts.context import AppRef, Context, Credential, Identity, Viewer
from libs.shared.contracts.identity import IdentityChanged
from libs.shared.errors import RocketError
from services.gateway.identity.keyring import PLATFORM, Generation, Keyring, key_id, read_key_id
from services.gateway.identity.revocations import DELETED_USER_VERSION, Revocations
from services.gateway.identity.tokens import Subject, Tokens

APP = AppRef("0190b6c0-0000-7000-8000-000000000000", "shop", "rocket_shop")
ANN = Subject("ann", "ann@example.org", ["sales"], 3, "session-1")


class Heard(Revocations):
    """Revocations that hear announcements and have no table to look at."""

    def __init__(self, keyring: Keyring) -> None:
        super().__init__(cast(Any, None), cast(Any, None), keyring)
        self._first.set()

    async def look_again(self) -> None:
        return

    def announce(self, **change: Any) -> None:
        self._heard(IdentityChanged(**{"scope": APP.id, "user_id": "", "session_id": "", "version": 0, **change}))


NOBODY = "nobody"


async def is_account(app: AppRef | None, user_id: str) -> bool:
    """Everybody has an account, but NOBODY."""
    return user_id != NOBODY


@pytest.fixture
def keyring() -> Keyring:
    return Keyring("secret" * 8)


@pytest.fixture
def revocations(keyring: Keyring) -> Heard:
    return Heard(keyring)


@pytest.fixture
def tokens(keyring: Keyring, revocations: Heard) -> Tokens:
    return Tokens(keyring, revocations, is_account)


async def refused(tokens: Tokens, token: str) -> bool:
    with pytest.raises(RocketError) as caught:
        await tokens.verify_app(token, APP)
    return caught.value.code == "UNAUTHORIZED"


async def test_a_rotated_key_verifies_until_it_expires(tokens: Tokens, keyring: Keyring) -> None:
    old = tokens.issue(APP.id, ANN)
    keyring.learn([Generation(APP.id, 1, 2e9), Generation(APP.id, 2, None)])
    new = tokens.issue(APP.id, ANN)
    assert [jwt.get_unverified_header(t)["kid"] for t in (old, new)] == [key_id(APP.id, n) for n in (1, 2)]
    assert (await tokens.verify_app(old, APP)).roles == (await tokens.verify_app(new, APP)).roles == ("sales",)
    assert tokens.remembered(APP.id, old) is not None
    keyring.learn([Generation(APP.id, 1, 1.0)])
    assert tokens.remembered(APP.id, old) is None and await refused(tokens, old)
    assert keyring.key(APP.id, 1) != keyring.key(APP.id, 2) != keyring.key(PLATFORM, 2)


async def test_a_valid_signature_of_an_unknown_user_is_refused(tokens: Tokens) -> None:
    for scope in (APP.id, PLATFORM):
        assert await refused(tokens, tokens.issue(scope, Subject(NOBODY, "", ["admin"], 1, "session-1")))
    with pytest.raises(RocketError):
        await tokens.verify_platform(tokens.issue(PLATFORM, Subject(NOBODY, "", [], 1, "session-1")))


async def test_a_key_id_selects_only_a_key(tokens: Tokens, keyring: Keyring) -> None:
    claims = jwt.decode(tokens.issue(APP.id, ANN), options={"verify_signature": False})
    for kid in (key_id("other", 1), key_id(APP.id, 2), key_id(APP.id, 0), APP.id, "", "../1", f"{PLATFORM}.1", 5, None):
        headers = {} if kid is None else {"kid": kid}
        if isinstance(kid, int):
            continue  # PyJWT writes no such header
        assert await refused(tokens, jwt.encode(claims, keyring.key(APP.id, 1), headers=headers))
    assert [read_key_id(text) for text in ("a.1", "a.b.12", "a.", ".", "a.-1", "a.1e3", "a.٣", 5, None)] == [
        ("a", 1), ("a.b", 12), None, None, None, None, None, None, None,
    ]  # fmt: skip


async def test_a_remembered_token_ends_with_its_session_or_its_users_change(tokens: Tokens, revocations: Heard) -> None:
    token = tokens.issue(APP.id, ANN)
    identity = await tokens.verify_app(token, APP)
    assert tokens.remembered(APP.id, token) is identity
    assert tokens.remembered(PLATFORM, token) is None
    revocations.announce(session_id="another")
    revocations.announce(user_id="ann", version=3)
    revocations.announce(scope="other", user_id="ann", version=9)
    assert tokens.remembered(APP.id, token) is identity
    revocations.announce(user_id="ann", version=4)
    assert tokens.remembered(APP.id, token) is None and await refused(tokens, token)
    newer = tokens.issue(APP.id, Subject("ann", "", [], 4, "session-2"))
    assert (await tokens.verify_app(newer, APP)).id == "ann"
    # Announcements may come in another order than things happened.
    revocations.announce(user_id="ann", version=2)
    assert tokens.remembered(APP.id, newer) is not None and tokens.remembered(APP.id, token) is None
    revocations.announce(session_id="session-2")
    assert tokens.remembered(APP.id, newer) is None and await refused(tokens, newer)
    last = tokens.issue(APP.id, Subject("ann", "", [], 5, "session-3"))
    revocations.announce(user_id="ann", version=DELETED_USER_VERSION)
    assert await refused(tokens, last)


def test_credentials_stay_in_the_gateway() -> None:
    proof = Credential("session-1", (APP.id, "ann"), 3, 2e9)
    scopes = (("ticket", ("read",)), ("*", ("create",)))
    whole = Identity("ann", "ann@example.org", ("admin",), "api_key", scopes=scopes, credential=proof)
    block = Context("0190b6c0-0000-7000-8000-000000000000", app=APP, identity=whole).block()
    assert b"session-1" not in block and "session-1" not in repr(whole)
    again = Context.from_block(block).user
    assert again == whole and again.credential is None and not again.is_admin and again.passes_policies


def test_a_key_without_roles_passes_policies_and_has_no_role() -> None:
    key = Identity("k", "", via="api_key", scopes=(("ticket", ("read",)),))
    assert key.passes_policies and not key.is_admin and key.roles == ()
    assert Context.from_block(Context("0190b6c0-0000-7000-8000-000000000000", identity=key).block()).user == key
    assert (
        not Identity("u", "").passes_policies and not Identity("k", "", ("sales",), scopes=key.scopes).passes_policies
    )


def test_scopes_narrow_entities_and_areas_apart() -> None:
    key = Identity("k", "", ("admin",), scopes=(("ticket", ("read",)), ("*", ("create",)), ("_files", ("read",))))
    allowed = [
        ("ticket", "read", True), ("ticket", "create", True), ("ticket", "delete", False), ("order", "read", False),
        ("order", "create", True), ("_files", "read", True), ("_files", "create", False), ("_admin", "create", False),
    ]  # fmt: skip
    assert [(entity, action, key.allows(entity, action)) for entity, action, _ in allowed] == allowed
    assert Identity("u", "").allows("anything", "delete")


EVE = Viewer("eve", "eve@example.org", APP.id, "session-9", 4)


async def test_a_view_token_is_the_users_and_names_who_looks(tokens: Tokens) -> None:
    identity = await tokens.verify_app(tokens.issue(APP.id, ANN, EVE), APP)
    assert (identity.id, identity.roles, identity.via, identity.viewer) == ("ann", ("sales",), "view", EVE)
    assert (await tokens.verify_app(tokens.issue(APP.id, ANN), APP)).viewer is None
    assert identity.packed() == (identity.id, identity.email, identity.roles, "view", None)


@pytest.mark.parametrize(
    "change",
    [
        {"session_id": EVE.session}, {"user_id": EVE.id, "version": 5}, {"user_id": ANN.id, "version": 4},
        {"user_id": EVE.id, "version": DELETED_USER_VERSION},
    ],
)  # fmt: skip
async def test_a_view_token_ends_with_the_admin_and_with_the_user(
    tokens: Tokens, revocations: Heard, change: dict[str, Any]
) -> None:
    token = tokens.issue(APP.id, ANN, EVE)
    await tokens.verify_app(token, APP)
    revocations.announce(user_id=EVE.id, version=EVE.version)
    assert tokens.remembered(APP.id, token) is not None
    revocations.announce(**change)
    assert tokens.remembered(APP.id, token) is None and await refused(tokens, token)


async def test_a_viewer_without_an_account_sees_nothing(tokens: Tokens) -> None:
    gone = Viewer(NOBODY, "", APP.id, "session-9", 4)
    assert await refused(tokens, tokens.issue(APP.id, ANN, gone))
    key = Viewer("key-1", "api-key:x", APP.id, "key-1", 0)
    assert (await tokens.verify_app(tokens.issue(APP.id, ANN, key), APP)).viewer == key
