"""Where an HTTP answer ends."""

from __future__ import annotations

import pytest

from bench.load.answers import CHUNKED, UNKNOWN, failure_of, is_whole, length_of

PLAIN = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\nDate: today\r\n\r\n" + b'{"data":{}}'
)
LAST = b"HTTP/1.1 201 Created\r\nCONTENT-LENGTH: 2\r\n\r\n{}"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2,\r\n2\r\n3]\r\n0\r\n\r\n"


@pytest.mark.parametrize("answer", [PLAIN, LAST, CHUNKS])
def test_a_response_is_complete_at_its_last_byte(answer: bytes) -> None:
    for end in range(len(answer)):
        length = length_of(answer[:end])
        assert length is None or not is_whole(answer[:end], length)
    length = length_of(answer)
    assert length is not None
    assert is_whole(answer, length)


def test_lengths() -> None:
    assert length_of(b"HTTP/1.1 200 OK\r\nContent-Le") is None
    assert length_of(PLAIN) == len(PLAIN)
    assert length_of(CHUNKS) == CHUNKED
    assert length_of(b"HTTP/1.0 200 OK\r\n\r\n") == UNKNOWN


def test_failures_are_all_but_2xx() -> None:
    assert failure_of(PLAIN) is None
    assert failure_of(LAST) is None
    assert failure_of(b"HTTP/1.1 503 Service Unavailable\r\n\r\n") == "status 503"
    assert failure_of(b"HTTP/1.1 304 Not Modified\r\n\r\n") == "status 304"
