"""What a webhook definition may say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from libs.shared.schema.webhooks import WebhookDefinition


def test_missing_keys_have_defaults() -> None:
    definition = WebhookDefinition.model_validate({"entity": "ticket", "url": "http://127.0.0.1:1/x"})
    assert definition.model_dump(mode="json") == {
        "entity": "ticket",
        "hook": "after_write",
        "url": "http://127.0.0.1:1/x",
        "method": "POST",
        "headers": {},
        "condition": "",
        "async": True,
        "retry": {"max_attempts": 3, "backoff": "exponential"},
        "active": True,
    }


def test_null_means_missing() -> None:
    given = {"entity": "ticket", "url": "http://x", "headers": None, "condition": None, "retry": None}
    definition = WebhookDefinition.model_validate(given)
    assert (definition.headers, definition.condition, definition.retry.max_attempts) == ({}, "", 3)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"entity": ""}, "entity"),
        ({"hook": "after_read"}, "hook"),
        ({"method": "HEAD"}, "method"),
        ({"url": "ftp://example.com"}, "url"),
        ({"url": "http://"}, "url"),
        ({"url": "http://a b/"}, "url"),
        ({"url": "http://example.com:99999/"}, "url"),
        ({"condition": "record. =="}, "condition"),
        ({"headers": {"X Y": "1"}}, "headers"),
        ({"headers": {"X": "1\r\nY: 2"}}, "headers"),
        ({"headers": {"Content-Length": "1"}}, "headers"),
        ({"retry": {"max_attempts": 0}}, "retry"),
        ({"retry": {"backoff": "random"}}, "retry"),
        ({"retry": {"delay": 0.5}}, "retry"),
        ({"retry": {"jitter": 2}}, "retry"),
        ({"timeout": 0}, "timeout"),
        ({"on_failure": "allow"}, "on_failure"),
        ({"hook": "before_write", "async": False, "on_failure": "ask"}, "on_failure"),
        ({"hook": "before_write", "async": False, "ordered": True}, "ordered"),
    ],
)
def test_a_mistake_is_refused_with_its_field(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        WebhookDefinition.model_validate({"entity": "ticket", "url": "https://example.com", **wrong})
    assert refusal.value.errors()[0]["loc"][0] == field


@pytest.mark.parametrize(
    ("hook", "reason"),
    [("after_write", "fires after the commit"), ("after_delete", "fires after the commit")],
)
def test_synchronous_hooks_after_the_commit_are_refused_with_the_reason(hook: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason) as refusal:
        WebhookDefinition.model_validate(
            {"entity": "ticket", "url": "https://example.com", "hook": hook, "async": False}
        )
    assert refusal.value.errors()[0]["loc"] == ("async",)


def test_additions_are_kept() -> None:
    given = {
        "entity": "ticket", "url": "http://x", "hook": "before_write", "async": False, "timeout": 2.0,
        "on_failure": "allow", "retry": {"max_attempts": 5, "backoff": "linear", "delay": 60.0},
    }  # fmt: skip
    kept = WebhookDefinition.model_validate(given).model_dump(mode="json")
    assert given.items() <= kept.items()
    assert "ordered" not in kept
    assert WebhookDefinition.model_validate(kept).is_question
