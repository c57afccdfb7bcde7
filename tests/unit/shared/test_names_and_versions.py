"""Suggestions for misspelt names, and versions in ETag, If-Match and If-None-Match."""

from __future__ import annotations

import pytest

from libs.shared.errors import RocketError
from libs.shared.etags import demanded_versions, etag, refuse_other, representation_tag, tags_of
from libs.shared.nearest import MAX_SHOWN_CHARACTERS, nearest, unknown


@pytest.mark.parametrize(
    ("name", "known"),
    [("titel", "title"), ("TITLE", "title"), ("customerid", "customer_id"), ("xyz", None), ("", None)],
)
def test_the_nearest_known_name(name: str, known: str | None) -> None:
    assert nearest(name, ["title", "customer_id", "status"]) == known


def test_an_unknown_name_is_repeated_in_part_only() -> None:
    assert unknown("titel", ["title"]) == "`titel` is unknown; do you mean `title`?"
    assert unknown("x" * 999, ["title"]) == f"`{'x' * MAX_SHOWN_CHARACTERS}` is unknown"


@pytest.mark.parametrize(
    ("header", "versions"),
    [
        ("", None), ("*", None), ('"3"', {3}), ("3", {3}), ('W/"3"', {3}), ('"3-7-abc"', {3}), ('"3", "4"', {3, 4}),
        ('"3", "nothing"', {3}), ('"3", *', None),
    ],
)  # fmt: skip
def test_if_match_demands_versions(header: str, versions: set[int] | None) -> None:
    demanded = demanded_versions(header)
    assert (None if demanded is None else set(demanded)) == versions


@pytest.mark.parametrize("header", ['"a"', "-1", '"1' + "0" * 18 + '"', '"3"x'])
def test_if_match_without_a_version_is_refused(header: str) -> None:
    with pytest.raises(RocketError) as refused:
        demanded_versions(header)
    assert refused.value.code == "PRECONDITION_FAILED"


def test_another_version_is_refused_with_the_current_one() -> None:
    refuse_other(3, None, "record")
    refuse_other(3, frozenset({2, 3}), "record")
    with pytest.raises(RocketError, match="has version 3, not 1, 2") as refused:
        refuse_other(3, frozenset({2, 1}), "record")
    assert refused.value.headers == etag(3)


def test_if_none_match_lists_tags() -> None:
    assert tags_of('"1", W/"2" ,,*') == {"1", "2", "*"}


def test_a_representation_has_a_tag_per_version_schema_question_and_grant() -> None:
    tags = {
        representation_tag(version, schema, question, values)["ETag"]
        for version in (1, 2) for schema in (1, 2) for question in (b"a", b"b") for values in ((1,), ("1",))
    }  # fmt: skip
    assert len(tags) == 16
    assert representation_tag(1, 1, b"a", [1]) == representation_tag(1, 1, b"a", (1,))
    assert {demanded_versions(tag) for tag in tags} == {frozenset({1}), frozenset({2})}
