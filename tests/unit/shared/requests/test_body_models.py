"""Bodies as models: every error is named at once, with its path, its rule and the nearest valid key."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from libs.shared.bodies import parse_body, validate
from libs.shared.contracts.accounts import ApiKeyBody, InvitesBody, KeyRotationBody, LoginBody, NewUserBody, UserBody
from libs.shared.contracts.app_bodies import AppBody, NewAppBody
from libs.shared.contracts.bodies import RequestBody
from libs.shared.contracts.events import BusinessEventBody
from libs.shared.errors import RocketError

USER = {"email": "ann@example.com", "password": "secret"}


def refused(model: type[RequestBody], document: Any) -> RocketError:
    with pytest.raises(RocketError) as caught:
        validate(model, document)
    assert caught.value.code == "VALIDATION_FAILED"
    return caught.value


def fields(error: RocketError) -> dict[str, tuple[str, str | None]]:
    return {detail["field"]: (detail["message"], detail.get("rule")) for detail in error.details}


def test_all_errors_are_named_at_once_and_unknown_keys_first() -> None:
    error = refused(NewUserBody, {"emial": "x", "password": "", "roles": 5, "active": "true"})
    assert fields(error) == {
        "emial": ("`emial` is unknown; do you mean `email`?", "unknown"),
        "email": ("is required", "required"),
        "password": ("is required", "required"),
        "roles": ("must be a list", None),
        "active": ("must be true or false", None),
    }
    assert error.message == error.details[0]["message"]


def test_a_message_names_its_field_and_the_detail_does_not_repeat_it() -> None:
    error = refused(NewUserBody, {**USER, "email": "ann"})
    assert error.message == "email must be a mail address" and error.details[0]["message"] == "must be a mail address"


@pytest.mark.parametrize(
    ("password", "rule"), [("", "required"), (None, "required"), ("x" * 73, "max_length"), ("a\x00", None)]
)
def test_passwords_that_cannot_be_hashed_are_refused(password: Any, rule: str | None) -> None:
    assert fields(refused(NewUserBody, {**USER, "password": password}))["password"][1] == rule


def test_a_user_is_sent_back_as_read_and_keeps_the_password() -> None:
    row = {
        "id": "1",
        "created_at": "t",
        "updated_at": "t",
        "email": " Ann@Example.com ",
        "roles": ["a"],
        "active": False,
    }
    body = validate(UserBody, row)
    assert (body.email, body.password, body.roles, body.active) == ("ann@example.com", None, ["a"], False)


def test_errors_within_lists_of_objects_have_the_path_to_their_entry() -> None:
    scopes = [{"entity": "host", "actions": ["read"]}, {"entity": "_x", "actoins": []}]
    found = fields(refused(ApiKeyBody, {"name": "a", "scopes": scopes}))
    assert found["scopes.1.actoins"] == ("`actoins` is unknown; do you mean `actions`?", "unknown")
    assert set(found) == {"scopes.1.actoins", "scopes.1.entity", "scopes.1.actions"}


def test_a_key_needs_roles_or_scopes() -> None:
    assert fields(refused(ApiKeyBody, {"name": "a"})) == {"roles": ("A key needs roles, scopes or both", "required")}


def test_actions_are_stored_once_and_in_one_order() -> None:
    scopes = [{"entity": "*", "actions": ["delete", "read", "read"]}]
    body = validate(ApiKeyBody, {"name": " a ", "scopes": scopes})
    assert body.name == "a" and body.scopes is not None and body.scopes[0].actions == ["read", "delete"]


def test_addresses_are_invited_once_and_a_wrong_one_is_refused_at_the_list() -> None:
    assert validate(InvitesBody, {"emails": ["a@b.c", "A@B.C"]}).emails == ["a@b.c"]
    assert list(fields(refused(InvitesBody, {"emails": ["a@b.c", "x", "y"]}))) == ["emails"]


def test_a_login_takes_any_value_as_a_wrong_one() -> None:
    body = validate(LoginBody, {"email": 5, "password": "a\x00", "remember": True})
    assert (body.email, body.password, body.totp) == ("", "", "")


def test_an_empty_body_is_an_object_only_where_it_may_be_absent() -> None:
    assert parse_body(KeyRotationBody, b"").overlap == 900
    with pytest.raises(RocketError, match="INVALID_PAYLOAD"):
        parse_body(LoginBody, b"")


def test_a_change_of_an_app_tells_absent_from_null() -> None:
    assert validate(AppBody, {}).cors_origins is None
    assert list(fields(refused(AppBody, {"cors_origins": None}))) == ["cors_origins"]


def test_errors_of_a_nested_object_have_its_path() -> None:
    assert list(fields(refused(NewAppBody, {"name": "a", "admin": {"email": "x"}}))) == ["admin.email"]


def test_the_ways_in_which_a_value_might_be_right_are_one_error() -> None:
    found = refused(BusinessEventBody, {"action": "a", "record_id": {}})
    assert [detail["field"] for detail in found.details] == ["record_id"]


def test_what_is_no_object_is_named_as_the_body() -> None:
    assert refused(BusinessEventBody, []).message == "The body must be an object"


def test_models_of_bodies_are_strict() -> None:
    lenient = {"LoginBody", "RefreshBody", "LogoutBody"}
    for model in _subclasses(RequestBody):
        assert model.model_config.get("strict") and model.model_config.get("frozen"), model
        assert model.model_config.get("extra") == ("ignore" if model.__name__ in lenient else "forbid"), model


def _subclasses(model: type[BaseModel]) -> list[type[BaseModel]]:
    return [each for sub in model.__subclasses__() for each in (sub, *_subclasses(sub))]
