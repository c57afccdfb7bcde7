"""How many deliveries each endpoint may have under way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from libs.shared.contracts.context import AppRef
from services.webhook.endpoint_limiter import EndpointConcurrencyLimiter

APP = AppRef("a", "a", "a")
PLACES, PER_ENDPOINT = 8, 3


def test_concurrency_grows_with_success_and_resets_on_failure() -> None:
    limiter, key = EndpointConcurrencyLimiter(PLACES, PER_ENDPOINT), (APP, "x")
    rooms = []
    for succeeds in (True, True, True, False, True):
        rooms.append(limiter.room(key))
        limiter.end(key, limiter.begin(key, 1, more=False), succeeds)
    assert [*rooms, limiter.room(key)] == [1, 2, 3, 3, 1, 2]


def test_unproven_endpoints_share_half_of_all_permits() -> None:
    limiter = EndpointConcurrencyLimiter(PLACES, PER_ENDPOINT)
    keys = [(APP, str(n)) for n in range(PLACES)]
    begun = [key for key in keys if limiter.room(key) and not limiter.begin(key, 1, more=False)]
    assert begun == keys[: PLACES // 2]
    following = limiter.end(begun[0], proven=False, succeeded=False)
    assert following == [keys[PLACES // 2]]
    assert limiter.room(following[0]) == 1


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=200))
def test_limits_are_never_exceeded_and_permits_return(steps: list[tuple[int, bool]]) -> None:
    """Endpoints begin what there is room for, or end their oldest with a success or a failure."""
    limiter = EndpointConcurrencyLimiter(PLACES, PER_ENDPOINT)
    under_way: dict[int, list[bool]] = {n: [] for n in range(6)}
    for number, flag in steps:
        key, own = (APP, str(number)), under_way[number]
        if own and flag:
            limiter.end(key, own.pop(0), succeeded=len(own) % 2 == 0)
        elif limiter.room(key):
            own.append(limiter.begin(key, 1, more=False))
        assert len(own) <= PER_ENDPOINT
        assert sum(not proven for each in under_way.values() for proven in each) <= PLACES // 2
    for number, own in under_way.items():
        while own:
            limiter.end((APP, str(number)), own.pop(), succeeded=False)
    assert all(limiter.room((APP, str(number))) >= 1 for number in under_way)


def test_a_full_endpoint_is_checked_when_a_delivery_ends() -> None:
    limiter, key = EndpointConcurrencyLimiter(PLACES, PER_ENDPOINT), (APP, "x")
    proven = limiter.begin(key, limiter.room(key), more=False)
    assert limiter.room(key) == 0
    assert limiter.end(key, proven, succeeded=True) == [key]
