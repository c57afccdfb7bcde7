"""Token buckets, proxies and shapes: the decisions of the front door, without a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict
from pydantic import ValidationError

from libs.shared.errors import RocketError
from services.gateway.limits.addresses import Proxies
from services.gateway.limits.buckets import Buckets, Rate
from services.gateway.limits.settings import LimitSettings
from services.gateway.limits.shapes import BodyShape, check_shape

GIVEN: dict[str, Any] = {"database_url": "postgresql://a@b/c", "secret_key": "s"}

steps = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 3)), max_size=120)


@given(steps=steps, rate=st.floats(0.5, 20), burst=st.integers(1, 10))
@settings(deadline=None)
def test_a_bucket_gives_its_rate(steps: list[tuple[str, float]], rate: float, burst: int) -> None:
    """The same as a bucket that is filled and emptied by the book."""
    buckets, now = Buckets(Rate(rate, burst)), 0.0
    tokens, seen = dict.fromkeys("abc", float(burst)), dict.fromkeys("abc", 0.0)
    for key, pause in steps:
        now += pause
        tokens[key] = min(burst, tokens[key] + (now - seen[key]) * rate)
        seen[key] = now
        left = buckets.take(key, now)
        if abs(tokens[key] - 1) < 1e-5:
            tokens[key] = left if left >= 0 else tokens[key]
            continue
        assert (left >= 0) == (tokens[key] >= 1)
        if left >= 0:
            tokens[key] -= 1
            assert left == pytest.approx(tokens[key], abs=1e-4)
        else:
            assert buckets.seconds_until_next(left) >= (1 - tokens[key]) / rate - 1e-4


@given(st.lists(st.tuples(st.integers(0, 400), st.floats(0, 0.01)), max_size=300))
@settings(deadline=None)
def test_the_number_of_buckets_is_bounded(visits: list[tuple[int, float]]) -> None:
    buckets, now = Buckets(Rate(1.0, 5), max_buckets=50), 0.0
    for visitor, pause in visits:
        now += pause
        buckets.take(str(visitor), now)
        assert len(buckets) <= 50


def test_full_buckets_are_forgotten() -> None:
    buckets = Buckets(Rate(1.0, 5))
    for visitor in range(1000):
        buckets.take(str(visitor), now=visitor * 10.0)
    assert len(buckets) <= 3


def test_tokens_spent_elsewhere_are_counted() -> None:
    buckets = Buckets(Rate(10.0, 5))
    buckets.spent_elsewhere("a", 7, 0.0)
    assert buckets.take("a", 0.0) == pytest.approx(-3)
    assert buckets.take("a", 0.29) < 0 <= buckets.take("a", 0.31)
    assert buckets.take("b", 0.0) == pytest.approx(4)
    assert buckets.spent() == {"a": 1, "b": 1}
    assert buckets.spent() == {}


# --- who a client is ---


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ([], "10.0.0.1"),
        (["198.51.100.7"], "198.51.100.7"),
        (["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
        (["1.1.1.1", "198.51.100.7, 10.0.0.9"], "198.51.100.7"),
        (["198.51.100.7:5000"], "198.51.100.7"),
        (["[2001:db8::1]:5000"], "2001:db8::1"),
        (["::ffff:198.51.100.7"], "198.51.100.7"),
        (["10.0.0.8, 10.0.0.9"], "10.0.0.8"),
        (["nonsense"], "10.0.0.1"),
        (["1.1.1.1, nonsense, 10.0.0.9"], "10.0.0.9"),
        (["1.1.1.1," * 5000 + "10.0.0.9"], "1.1.1.1"),
    ],
)
def test_the_last_address_that_is_no_proxy_is_the_client(forwarded: list[str], client: str) -> None:
    headers = CIMultiDict([("X-Forwarded-For", value) for value in forwarded])
    request = make_mocked_request("GET", "/", headers=headers).clone(remote="10.0.0.1")
    assert Proxies(["10.0.0.0/8"]).client_of(request) == client
    assert Proxies([]).client_of(request) == "10.0.0.1"
    assert Proxies(["192.168.0.0/16"]).client_of(request) == "10.0.0.1"


@pytest.mark.parametrize("wrong", ["app.example.com", "https://app.example.com/", "ftp://a", "https://", "https://a/b"])
def test_an_origin_must_be_one(wrong: str) -> None:
    with pytest.raises(ValidationError):
        LimitSettings(**GIVEN, cors_origins=[wrong])


def test_a_proxy_must_be_an_address_or_network() -> None:
    with pytest.raises(ValidationError):
        LimitSettings(**GIVEN, trusted_proxies=["proxy"])


# --- shapes ---

SHAPE = BodyShape(depth=3, fields=2, items=3, containers=1000)
documents = st.recursive(
    st.none() | st.integers(-99, 99) | st.text(st.sampled_from('ab[]{},"\\:')),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.sampled_from('ab[,"')), inner, max_size=3),
    max_leaves=20,
)


@given(documents)
@settings(deadline=None, max_examples=300)
def test_a_body_is_refused_if_it_is_deeper_or_wider(document: Any) -> None:
    try:
        check_shape(orjson.dumps(document), SHAPE)
        passes = True
    except RocketError as refusal:
        passes = False
        assert refusal.status == 400
    assert passes == _fits(document, 3)


def _fits(document: Any, levels: int) -> bool:
    if not isinstance(document, dict | list):
        return True
    inner = list(document.values()) if isinstance(document, dict) else document
    most = SHAPE.fields if isinstance(document, dict) else SHAPE.items
    return levels > 0 and len(inner) <= most and all(_fits(value, levels - 1) for value in inner)


def test_a_body_may_hold_so_many_objects() -> None:
    shape = BodyShape(depth=3, fields=20, items=20, containers=10)
    check_shape(orjson.dumps([{}] * 9), shape)
    with pytest.raises(RocketError):
        check_shape(orjson.dumps([{}] * 10), shape)


def test_former_names_of_settings_are_read_where_the_present_ones_are_not_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "app.yaml").write_text(
        "header_timeout: 3\nrate_limit_key: 4\nrate_limit_ip: 5\nrate_limit_ip_per_second: 6\n"
    )
    monkeypatch.setenv("ROCKET_CONFIG", str(tmp_path / "app.yaml"))
    monkeypatch.setenv("ROCKET_RATE_LIMIT_USER_PER_SECOND", "7")
    monkeypatch.setenv("ROCKET_RATE_LIMIT_KEY_PER_SECOND", "8")
    limits = LimitSettings(**GIVEN)
    assert limits.header_timeout == 3 and limits.rate_limit_key_per_second == 8
    assert limits.rate_limit_ip_per_second == 6 and limits.rate_limit_user_per_second == 7
