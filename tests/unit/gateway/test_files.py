"""Names, types and parts of files."""

from __future__ import annotations

import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.shared.errors import RocketError
from services.gateway.files.naming import content_disposition, safe_name
from services.gateway.files.ranges import FileRange, Validators, requested_range
from services.gateway.files.types import check_type, claimed_type

MODIFIED = datetime(2026, 11, 2, 10, 0, 0, 250_000, tzinfo=UTC)
THIS = Validators('"abc"', MODIFIED)
THEN, BEFORE, AFTER = (f"Mon, 02 Nov 2026 {time} GMT" for time in ("10:00:00", "09:59:59", "10:00:01"))


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-4", FileRange(206, 0, 5)),
        ("bytes=5-", FileRange(206, 5, 10)),
        ("bytes=-3", FileRange(206, 7, 10)),
        ("bytes=-30", FileRange(206, 0, 10)),
        ("bytes=9-100", FileRange(206, 9, 10)),
        ("Bytes = 0 - 0", FileRange(206, 0, 1)),
        ("bytes=10-", FileRange(416)),
        ("bytes=11-12", FileRange(416)),
        ("bytes=-0", FileRange(416)),
        ("bytes=4-3", FileRange(200, 0, 10)),
        ("bytes=-", FileRange(200, 0, 10)),
        ("bytes=0-1,3-4", FileRange(200, 0, 10)),
        ("pages=0-1", FileRange(200, 0, 10)),
        ("bytes=0-x", FileRange(200, 0, 10)),
        ("", FileRange(200, 0, 10)),
    ],
)
def test_a_range_is_a_part_of_the_file(header: str, part: FileRange) -> None:
    assert requested_range({"Range": header}, 10, THIS) == part


def test_an_empty_file_has_no_ranges() -> None:
    assert requested_range({"Range": "bytes=0-"}, 0, THIS) == FileRange(416)
    assert requested_range({}, 0, THIS) == FileRange(200)


@pytest.mark.parametrize(
    ("condition", "status"),
    [('"abc"', 206), ('"abd"', 200), ('W/"abc"', 200), (THEN, 206), (BEFORE, 200), (AFTER, 200), ("rubbish", 200)],
)
def test_a_range_applies_to_the_same_file_only(condition: str, status: int) -> None:
    assert requested_range({"Range": "bytes=0-1", "If-Range": condition}, 10, THIS).status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": '"abc"'}, 304),
        ({"If-None-Match": 'W/"abc"'}, 304),
        ({"If-None-Match": '"x", "abc"'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"x"'}, 200),
        ({"If-None-Match": '"x"', "If-Modified-Since": AFTER}, 200),
        ({"If-Modified-Since": THEN}, 304),
        ({"If-Modified-Since": AFTER}, 304),
        ({"If-Modified-Since": BEFORE}, 200),
        ({"If-Modified-Since": "rubbish"}, 200),
        ({"If-Modified-Since": "Mon, 02 Nov 2026 10:00:00"}, 200),
        ({"If-None-Match": '"abc"', "Range": "bytes=0-1"}, 304),
    ],
)
def test_an_unchanged_file_is_not_sent_again(headers: dict[str, str], status: int) -> None:
    assert requested_range(headers, 10, THIS).status == status


@given(st.text(string.digits + "-,= bytes", max_size=24), st.integers(0, 40))
def test_ranges_lie_within_the_file(header: str, size: int) -> None:
    part = requested_range({"Range": "bytes=" + header}, size, THIS)
    assert part.status in (200, 206, 416)
    if part.status == 206:
        assert 0 <= part.start < part.end <= size


@pytest.mark.parametrize(
    ("sent", "safe"),
    [
        ("a.txt", "a.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\b.txt", "b.txt"),
        ("..", "file"),
        ("", "file"),
        ("a\r\nX-Evil: 1", "aX-Evil: 1"),
        ("über 😀.pdf", "über 😀.pdf"),
        ("n" * 300, "n" * 255),
        ("\udcfcbersicht.txt", "übersicht.txt"),
        ("\udcfc/\udce9\udc85.txt", "é.txt"),
        ("a\ud800\udcfc.txt", "a.txt"),
    ],
)
def test_names_are_made_harmless(sent: str, safe: str) -> None:
    assert safe_name(sent) == safe


@given(st.text(max_size=300))
def test_no_name_breaks_out_of_its_header(name: str) -> None:
    safe = safe_name(name)
    header = content_disposition(safe)
    assert safe and "/" not in safe and "\\" not in safe
    assert header.isascii() and header.isprintable()
    assert header.count('"') == 2 and header.startswith('attachment; filename="')


def test_names_are_written_for_old_and_new_clients() -> None:
    assert content_disposition("a b.txt") == 'attachment; filename="a b.txt"'
    assert content_disposition("für €.txt") == (
        "attachment; filename=\"f_r _.txt\"; filename*=UTF-8''f%C3%BCr%20%E2%82%AC.txt"
    )
    assert content_disposition('a"b%.txt') == "attachment; filename=\"a_b_.txt\"; filename*=UTF-8''a%22b%25.txt"


@pytest.mark.parametrize(
    ("sent", "name", "kind"),
    [
        ("text/plain", "a.png", "text/plain"),
        ("Text/Plain; charset=utf-8", "a", "text/plain; charset=utf-8"),
        ("text/plain ;charset=iso-8859-1 ", "a", "text/plain;charset=iso-8859-1"),
        ('text/csv; charset="a;\\"b"; header=present', "a", 'text/csv; charset="a;\\"b"; header=present'),
        ("text/plain; charset", "a", "text/plain"),
        ("text/plain; charset=\xfc", "a", "text/plain"),
        ('text/plain; charset="a\r\nX-Evil: 1"', "a", "text/plain"),
        ("text/plain; charset=" + "x" * 200, "a", "text/plain"),
        ("text/plain" + "; " * 90 + "\x7f", "a", "text/plain"),
        ('text/plain; a="' + "\\\\" * 90, "a", "text/plain"),
        ("", "a.png", "image/png"),
        ("no type", "a.pdf", "application/pdf"),
        ("", "a", "application/octet-stream"),
        ("text/plain\x7f", "a", "application/octet-stream"),
    ],
)
def test_the_type_is_what_was_sent_or_what_the_name_says(sent: str, name: str, kind: str) -> None:
    assert claimed_type(sent, name) == kind


PNG = b"\x89PNG\r\n\x1a\n...."


@pytest.mark.parametrize(
    ("kind", "head", "allowed"),
    [
        ("text/html", b"<html>", []),
        ("image/svg+xml", b"<svg>", []),
        ("text/plain", b"<!doctype html>", []),
        ("image/png", b"hello", []),
        ("image/png", b"", ["image/*"]),
        ("image/png", PNG, ["image/*"]),
        ("image/webp", b"RIFF\n\n\n\nWEBP", ["image/webp"]),
        ("application/pdf", b"%PDF-1.7", ["IMAGE/*", "Application/PDF"]),
    ],
)
def test_types_that_are_accepted(kind: str, head: bytes, allowed: list[str]) -> None:
    check_type(kind, head, allowed)


@pytest.mark.parametrize(
    ("kind", "head", "allowed"),
    [
        ("image/png", b"<html><script>", []),
        ("image/png", b"\xef\xbb\xbf \n<!DOCTYPE html>", []),
        ("application/pdf", b"<svg onload=...>", []),
        ("video/mp4", b"<?xml version='1.0'?>", []),
        ("text/html", b"<html>", ["image/*"]),
        ("image/png", b"hello", ["image/*"]),
        ("image/jpeg", PNG, ["image/*"]),
    ],
)
def test_types_that_are_refused(kind: str, head: bytes, allowed: list[str]) -> None:
    with pytest.raises(RocketError, match="VALIDATION_FAILED"):
        check_type(kind, head, allowed)
