"""Saved views of lists: what the metadata service answers to users."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from libs.shared import exact
from libs.shared.contracts.bodies import MAX_ROLE_CHARACTERS, RequestBody, Text, no_nul, refusal
from libs.shared.contracts.messages import Request, Response, Writes
from libs.shared.contracts.records import Pairs
from libs.shared.parameters import taking

MINE, ALL, ROLE = "me", "all", "role:"
"""Scopes: the owner alone, everybody, and the beginning of those of a role."""
SCOPE_PATTERN = f"^(me|all|role:.{{1,{MAX_ROLE_CHARACTERS}}})$"
MAX_NAME_CHARACTERS = 200
MAX_STATE_BYTES = 16 * 1024
"""Bytes of a view's state, as JSON."""


def _trimmed(name: str) -> str:
    if name != name.strip() or not name.isprintable():
        raise refusal("printable", "must be printable, without blanks around it")
    return name


def _scope(scope: str) -> str:
    role = no_nul(scope).removeprefix(ROLE)
    if scope not in (MINE, ALL) and not (scope.startswith(ROLE) and 1 <= len(role) <= MAX_ROLE_CHARACTERS):
        raise refusal("scope", "must be me, all or role:<role>")
    return scope


def _bounded(state: dict[str, Any]) -> dict[str, Any]:
    text = exact.dumps(state)
    if len(text) > MAX_STATE_BYTES:
        raise refusal("max_length", f"must have at most {MAX_STATE_BYTES} bytes")
    if b"\\u0000" in text:
        raise refusal("character", "must not hold the character NUL")
    return state


ViewName = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS), AfterValidator(_trimmed)]
EntityName = Annotated[Text, Field(min_length=1, max_length=63)]
ViewScope = Annotated[str, AfterValidator(_scope), Field(json_schema_extra={"pattern": SCOPE_PATTERN})]
ViewState = Annotated[dict[str, Any], AfterValidator(_bounded)]


class ViewBody(RequestBody):
    """A saved view. `scope` is me, all or role:<role>."""

    entity: EntityName
    name: ViewName
    state: ViewState
    scope: ViewScope = MINE


class ViewChangeBody(RequestBody):
    """Other values for the keys of a saved view that are sent."""

    entity: EntityName | None = None
    name: ViewName | None = None
    state: ViewState | None = None
    scope: ViewScope | None = None


@dataclass(frozen=True, slots=True)
class ListViews(Request[Response]):
    """The caller's own views, those for their roles and those for all, by entity and name; `entity` in `query`."""

    service, name = "metadata", "views.list"
    parameters = taking("entity")
    query: Pairs = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GetView(Request[Response]):
    """A saved view, with its version as ETag."""

    service, name = "metadata", "views.get"
    id: str


@dataclass(frozen=True, slots=True)
class CreateView(Request[Response]):
    """A new saved view. Those for all, or for a role, need an admin."""

    service, name = "metadata", "views.create"
    writes = Writes.APP
    body_model = ViewBody
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ReplaceView(Request[Response]):
    """The whole view anew."""

    service, name = "metadata", "views.replace"
    writes = Writes.APP
    body_model = ViewBody
    id: str
    body: bytes = b""
    if_match: str = ""


@dataclass(frozen=True, slots=True)
class PatchView(Request[Response]):
    """A view with other values for the keys that are sent."""

    service, name = "metadata", "views.patch"
    writes = Writes.APP
    body_model = ViewChangeBody
    id: str
    body: bytes = b""
    if_match: str = ""


@dataclass(frozen=True, slots=True)
class DeleteView(Request[Response]):
    """The end of a saved view."""

    service, name = "metadata", "views.delete"
    writes = Writes.APP
    id: str
    if_match: str = ""
