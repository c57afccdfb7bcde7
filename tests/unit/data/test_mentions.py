"""Who is mentioned in a comment: names outside of code, among readers, and nobody where several could be meant."""

from __future__ import annotations

import pytest

from libs.shared.contracts.context import Identity
from services.data.comments.mentions import MAX_MENTIONS, ids_of, mentions_of, names_in

ANN, BOB, OTHER_ANN = (
    Identity(str(number), email) for number, email in enumerate(("ann@red.example", "Bob@red.example", "ann@x.example"))
)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("@ann", ["ann"]),
        ("Hello @ann, @Bob@red.example.", ["ann", "bob@red.example"]),
        ("(@ann) @ann @ann!", ["ann"]),
        ("mail ann@red.example or a/@ann or x.@ann", []),
        ("`@ann` and\n```\n@bob\n``` @eve", ["eve"]),
        ("``` @unclosed", []),
        ("@jürgen-x.y- and @", ["jürgen-x.y"]),
        ("", []),
    ],
)
def test_names_stand_behind_an_at_outside_of_code(body: str, names: list[str]) -> None:
    assert names_in(body) == names


def test_a_text_has_a_bounded_number_of_names() -> None:
    assert len(names_in(" ".join(f"@u{n}" for n in range(500)))) == MAX_MENTIONS
    assert len(names_in("@" * 10_000)) == 0


def test_a_name_means_one_reader_or_nobody() -> None:
    readers = [ANN, BOB]
    assert mentions_of(["ann", "ann@red.example", "bob"], readers) == [
        {"id": "0", "email": "ann@red.example"}, {"id": "1", "email": "Bob@red.example"},
    ]  # fmt: skip
    assert mentions_of(["ann"], [ANN, OTHER_ANN]) == []
    assert mentions_of(["ann@x.example"], [ANN, OTHER_ANN]) == [{"id": "2", "email": "ann@x.example"}]
    assert mentions_of(["eve"], readers) == []


def test_whom_any_version_has_mentioned_is_kept() -> None:
    assert ids_of([{"id": "2", "email": "x"}], ["1", "2"]) == ["1", "2"]
    assert ids_of([], None) == []
