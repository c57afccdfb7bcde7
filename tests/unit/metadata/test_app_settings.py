"""The settings of an app: what they may be, and how parts of them are merged in."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from libs.shared.errors import RocketError
from libs.shared.schema.app_settings import MAX_LOGO_BYTES, AppSettings
from libs.shared.schema.kinds import SETTINGS
from services.metadata.checking.parsing import parse
from services.metadata.handlers.settings import EMPTY, merge

PIXEL = "data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"brandng": {}}, "brandng"),
        ({"branding": {"color": "#123456"}}, "branding.color"),
        ({"branding": {"colour": "red"}}, "branding.colour"),
        ({"branding": {"name": ""}}, "branding.name"),
        ({"branding": {"logo": "https://example.org/logo.png"}}, "branding.logo"),
        ({"branding": {"logo": "data:text/html;base64,PGI+"}}, "branding.logo"),
        ({"branding": {"logo": "data:image/png;base64,%%%"}}, "branding.logo"),
        ({"branding": {"logo": PIXEL + "A" * 4 * MAX_LOGO_BYTES}}, "branding.logo"),
        ({"instrumentation": {"sampling_rate": 1.5}}, "instrumentation.sampling_rate"),
        ({"instrumentation": {"retention_days": 0}}, "instrumentation.retention_days"),
        ({"instrumentation": []}, "instrumentation"),
        ({"files": {"access": "nobody"}}, "files.access"),
        ({"cors_origins": ["example.org"]}, "cors_origins.0"),
        ({"links": [{"label": "Help", "url": "javascript:alert(1)"}]}, "links.0.url"),
        ({"links": [{"label": "Help"}]}, "links.0.url"),
        ({"links": [{"label": "x", "url": "https://a.example"}] * 21}, "links"),
    ],
)  # fmt: skip
def test_wrong_settings_are_refused_where_they_are_wrong(sent: dict[str, Any], field: str) -> None:
    with pytest.raises(RocketError) as refused:
        parse(SETTINGS, sent)
    assert refused.value.details[0]["field"] == field
    assert refused.value.code == "VALIDATION_FAILED"


def test_null_is_the_default_everywhere() -> None:
    assert parse(SETTINGS, dict.fromkeys(EMPTY)) == AppSettings()
    assert parse(SETTINGS, {key: dict.fromkeys(part) for key, part in EMPTY.items() if isinstance(part, dict)})
    assert AppSettings(audit_default=False).audits_by_default is False and AppSettings().audits_by_default
    good = {"branding": {"name": "Shop", "logo": PIXEL, "colour": "#1A2b3c"}, "cors_origins": ["*"],
            "links": [{"label": "Help", "url": "mailto:help@example.org"}]}  # fmt: skip
    assert parse(SETTINGS, good).branding.colour == "#1A2b3c"


def test_a_merge_patch_reaches_every_depth() -> None:
    old = {"branding": {"name": "a", "colour": "#000000"}, "links": [{"label": "x"}], "audit_default": True}
    patch: dict[str, Any] = {
        "branding": {"colour": None, "logo": "b"},
        "links": [],
        "audit_default": None,
        "files": {"access": "record"},
    }
    assert merge(old, patch) == {"branding": {"name": "a", "logo": "b"}, "links": [], "files": {"access": "record"}}
    assert merge(old, {}) == old and merge({"a": 1}, {"a": {"b": None, "c": 2}}) == {"a": {"c": 2}}
