"""Idempotency keys, and headers that a request may have only once."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from libs.shared.contracts.context import Context, Identity, system_context
from libs.shared.errors import RocketError
from services.gateway.http.idempotency_key import with_idempotency_key
from services.gateway.http.single_headers import SINGLE, DoubledHeader, refuse_doubled

CONTEXT = system_context(1.0)._replace(identity=Identity("ann", "ann@example.com"))


def request(key: str | None = "k", method: str = "POST", path: str = "/api/shop/note?a=1") -> web.Request:
    return make_mocked_request(method, path, {} if key is None else {"Idempotency-Key": key})


def keyed(asked: web.Request, body: bytes = b"{}", context: Context = CONTEXT) -> tuple[str, str]:
    found = with_idempotency_key(asked, context, body).idempotency
    assert found is not None
    return found.key, found.request


def test_without_the_header_there_is_no_key() -> None:
    assert with_idempotency_key(request(None), CONTEXT, b"").idempotency is None


@pytest.mark.parametrize("key", ["", " a", "a ", "a\tb", "é", "a" * 256])
def test_a_key_is_1_to_255_printable_characters(key: str) -> None:
    with pytest.raises(RocketError) as refused:
        keyed(request(key))
    assert refused.value.code == "INVALID_PAYLOAD"


def test_a_key_is_per_user_route_and_key() -> None:
    place, asked = keyed(request())
    assert keyed(request()) == (place, asked)
    others = [
        keyed(request("l")), keyed(request(method="PUT")), keyed(request(path="/api/shop/memo?a=1")),
        keyed(request(), context=CONTEXT._replace(identity=Identity("bob", ""))),
    ]  # fmt: skip
    assert len({place, *(other[0] for other in others)}) == 5


def test_query_and_body_say_whether_the_request_is_the_same() -> None:
    place, asked = keyed(request())
    for other in (keyed(request(), b"[]"), keyed(request(path="/api/shop/note?a=2"))):
        assert other[0] == place and other[1] != asked


@pytest.mark.parametrize("name", SINGLE.values())
def test_a_single_header_may_not_be_repeated(name: str) -> None:
    doubled = CIMultiDict([(name, "a"), (name.lower(), "b")])
    with pytest.raises(DoubledHeader) as refused:
        refuse_doubled(make_mocked_request("GET", "/", doubled))
    assert name in str(refused.value.error)


def test_other_headers_may_be_repeated() -> None:
    refuse_doubled(make_mocked_request("GET", "/", CIMultiDict([("Accept", "a"), ("Accept", "b"), ("Host", "x")])))
