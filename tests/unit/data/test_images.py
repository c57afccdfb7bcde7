"""What is wrong with entries of the log."""

from __future__ import annotations

from typing import Any

import pytest

from services.data.replays.images import Shape, faults

SHAPE = Shape(frozenset("012"), {"1": "string", "2": "int"}, {"1": "name", "2": "size"}, "1")
MADE = {"version": 1, "action": "create", "image": '{"1": "a", "2": null}', "previous": None}


def entry(image: str | None, previous: str | None, action: str = "update", version: int = 2) -> dict[str, Any]:
    return {"version": version, "action": action, "image": image, "previous": previous}


@pytest.mark.parametrize(
    ("found", "former", "fault"),
    [
        (MADE, None, None),
        (entry('{"1": "b", "2": null}', '{"1": "a"}'), MADE, None),
        (entry(None, '{"1": "a", "2": null}', "delete"), MADE, None),
        (entry('{"1": "a", "2": 1, "0": "x"}', '{"2": null, "0": null}'), MADE, None),
        (entry('"x"', '{"1": "a"}'), MADE, "its image is no object"),
        (entry(None, '{"1": "a"}'), MADE, "it has no image"),
        (entry('{"1": "a"}', '[1]'), MADE, "its previous is no object"),
        (entry('{"1": "a"}', None), MADE, "it has no previous"),
        (entry('{"1": "a", "name": "a"}', '{"1": "a"}'), None, "its image has keys that are no field's: 1"),
        (entry("{}", '{"1": "a", "2": null}'), MADE, "its image has no key"),
        (entry('{"1": 7}', '{"1": "a"}'), MADE, "its image has values that are none of the field's type: name"),
        (entry('{"1": "a", "2": true}', "{}"), None, "its image has values that are none of the field's type: size"),
        (entry('{"1": "b", "2": null}', '{"2": null}'), MADE, "it does not follow from the version before: name"),
        (entry('{"1": "b"}', '{"1": "z"}'), MADE, "it does not follow from the version before: name"),
        (entry('{"1": "b"}', '{"1": "a"}', version=4), MADE, "its version is not the one behind 1"),
    ],
)  # fmt: skip
def test_faults_of_log_entries(found: Any, former: Any, fault: str | None) -> None:
    assert list(faults(SHAPE, found, former)) == ([fault] if fault else [])
