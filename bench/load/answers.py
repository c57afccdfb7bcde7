"""Finds the end of an HTTP response with little work. No request is sent before the response to the last one."""

from __future__ import annotations

HEAD_END = b"\r\n\r\n"
LAST_CHUNK = b"\r\n0\r\n\r\n"
LENGTH = b"content-length:"
CHUNKED = -1
UNKNOWN = -2


def length_of(data: bytes) -> int | None:
    """The length of the response that begins `data`, head included.

    None while its head is incomplete; CHUNKED; UNKNOWN when the head does not say.
    """
    end = data.find(HEAD_END)
    if end < 0:
        return None
    head = data[:end].lower()
    at = head.find(LENGTH)
    if at >= 0:
        stop = head.find(b"\r\n", at)
        return end + 4 + int(head[at + len(LENGTH) : stop if stop >= 0 else end])
    return CHUNKED if b"transfer-encoding: chunked" in head else UNKNOWN


def is_whole(data: bytes, length: int) -> bool:
    """Whether `data` holds the complete response whose `length_of` is `length`.

    JSON text holds no line breaks of the kind that ends a chunk, so the end identifies the last chunk.
    """
    if length == CHUNKED:
        return data.endswith(LAST_CHUNK)
    return length == UNKNOWN or len(data) >= length


def failure_of(data: bytes) -> str | None:
    """The status of a failed response, in words; None for 2xx."""
    return None if data[9:10] == b"2" else f"status {data[9:12].decode('latin-1')}"
