"""Questions before a write, or about a list: explanations of access, transitions, trials of rules and machines."""

from __future__ import annotations

from dataclasses import dataclass, field
from dataclasses import field as dataclass_field
from typing import Literal, Self

from pydantic import Field, model_validator

from libs.shared.contracts.bodies import RequestBody, Text, refusal
from libs.shared.contracts.messages import Request, Response
from libs.shared.contracts.records import LIST, MOMENTS, Pairs
from libs.shared.parameters import taking

MAX_EXPLAINED = 100
"""Records of one question about access."""
MAX_QUERY_CHARACTERS = 8_000
"""Characters of a list's query."""


@dataclass(frozen=True, slots=True)
class TryRule(Request[Response]):
    """Which stored records would violate the rule, or fail the guard, in `body`. Nothing is changed."""

    service, name = "data", "rules.try"
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class TryMachine(Request[Response]):
    """How many stored records the state machine in `body` does not know the state of, and its guards would refuse."""

    service, name = "data", "machines.try"
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ListTransitions(Request[Response]):
    """The transitions of one record's states, and for each whether the caller may take it now, or why not."""

    service, name = "data", "records.transitions"
    parameters = taking(of_records=True)
    entity: str
    id: str
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CheckListed(Request[Response]):
    """Whether the list of `query` shows one record to the caller, condition by condition."""

    service, name = "data", "records.listed"
    parameters = taking(*(LIST - {*MOMENTS}), "direction", "truncate", filters=True, of_records=True)
    entity: str
    id: str
    query: Pairs = field(default_factory=list)


class ExplainBody(RequestBody):
    """Who (a user by id or address, or roles) may do what: an action on an entity, on records of it, on one field.

    `listed` is the query of a list that `record_id` is looked for in.
    """

    user: str | None = None
    roles: list[str] | None = None
    action: Literal["read", "create", "update", "delete", "comment"]
    entity: str
    record_id: str | int | None = None
    record_ids: list[str | int] | None = Field(None, min_length=1, max_length=MAX_EXPLAINED)
    field: str | None = None
    listed: Text | None = Field(None, max_length=MAX_QUERY_CHARACTERS)

    @model_validator(mode="after")
    def is_about_somebody(self) -> Self:
        """Refuse a question about nobody, or about a user with other roles."""
        if (self.user is None) == (self.roles is None):
            raise refusal("required", "Either user (an id or e-mail address) or roles must be given", "user")
        return self

    @model_validator(mode="after")
    def is_about_some_records(self) -> Self:
        """Refuse two ways of naming records, and a list without a record to look for."""
        if self.record_id is not None and self.record_ids is not None:
            raise refusal("exclusive", "Either record_id or record_ids can be given", "record_ids")
        if self.listed is not None and (self.record_id is None or self.action != "read"):
            raise refusal("required", "needs a record_id to look for, and the action read", "listed")
        return self


@dataclass(frozen=True, slots=True)
class ExplainAccess(Request[Response]):
    """Why a caller like this may or may not do something with an entity, one record of it, or one field.

    `who` is the id, e-mail address and roles of the one it is about.
    """

    service, name = "data", "records.explain"
    who: tuple[str, str, list[str]]
    action: str
    entity: str
    record_id: str | None
    field: str | None
    record_ids: list[str] = dataclass_field(default_factory=list)
    listed: str | None = None
