"""Rate limits per caller, app and address, and the headers that tell them."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from libs.shared.contracts.context import AppRef, Identity
from libs.shared.errors import RocketError
from services.gateway.limits.buckets import Rate
from services.gateway.limits.limiter import QUOTA, Limiter, Rates, client_network
from services.gateway.live.streams import MaxStreams, StreamLimiter

APP = AppRef("0190a000-0000-7000-8000-000000000001", "shop", "app_shop")
ANN = Identity("ann", "ann@example.com")
KEY = Identity("key", "", via="api_key")
SLOW = 0.001


def limiter(user: int = 9, key: int = 9, ip: int = 9, app: int = 9) -> Limiter:
    return Limiter(Rates(Rate(SLOW, user), Rate(SLOW, key), Rate(SLOW, ip), Rate(SLOW, app)))


def request() -> web.Request:
    return make_mocked_request("GET", "/")


@pytest.mark.parametrize(
    ("limits", "identity", "kind", "words"),
    [
        ({"user": 2}, ANN, "user", "requests of this user"),
        ({"key": 2}, KEY, "key", "requests of this API key"),
        ({"app": 2}, ANN, "app", "requests to this app"),
    ],
)
def test_the_smallest_limit_refuses(limits: dict[str, int], identity: Identity, kind: str, words: str) -> None:
    limits_of_all = limiter(**limits)
    for _ in range(2):
        limits_of_all.admit(request(), APP, identity)
    with pytest.raises(RocketError, match=words) as refused:
        limits_of_all.admit(request(), APP, identity)
    assert refused.value.code == "RATE_LIMITED"
    assert refused.value.headers["RateLimit-Remaining"] == "0"
    assert int(refused.value.headers["Retry-After"]) > 0
    assert [name for name, count in limits_of_all.refused.items() if count] == [kind]
    assert limits_of_all.refused[kind] == 1


def test_callers_do_not_share_a_bucket() -> None:
    limits = limiter(user=1)
    limits.admit(request(), None, ANN)
    limits.admit(request(), None, Identity("bob", "bob@example.com"))


def test_the_response_tells_the_bucket_that_is_empty_first() -> None:
    limits, asked = limiter(user=5, app=3), request()
    limits.admit(asked, APP, ANN)
    headers = asked[QUOTA].headers()
    assert (headers["RateLimit-Limit"], headers["RateLimit-Remaining"]) == ("3", "2")


def test_anonymous_requests_are_limited_by_address() -> None:
    limits = limiter(ip=1)
    limits.admit_anonymous(request(), "192.0.2.1")
    limits.admit_anonymous(request(), "192.0.2.2")
    with pytest.raises(RocketError, match="from this address"):
        limits.admit_anonymous(request(), "192.0.2.1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("unknown", "unknown", True),
    ],
)
def test_an_ipv6_network_of_64_bits_is_one_client(one: str, other: str, same: bool) -> None:
    assert (client_network(one) == client_network(other)) is same


def test_live_streams_are_limited_per_user_app_and_process() -> None:
    streams = StreamLimiter(MaxStreams(user=1, app=2, process=3))
    with streams.admit("a", "ann"):
        with pytest.raises(RocketError, match="1 live streams already"), streams.admit("a", "ann"):
            pass
        with streams.admit("a", "bob"):
            with pytest.raises(RocketError, match="too many"), streams.admit("a", "eve"):
                pass
            with streams.admit("b", "ann"), pytest.raises(RocketError, match="too many"), streams.admit("c", "ann"):
                pass
    with streams.admit("a", "ann"), streams.admit("a", "bob"):
        pass
