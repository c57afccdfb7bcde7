"""Permission policies: who may do what to which records."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ACTIONS = ("read", "create", "update", "delete")
OPERATORS = ("eq", "neq", "in", "not_in", "gt", "gte", "lt", "lte", "like")


class Condition(BaseModel):
    """One comparison of a stored field with a fixed value; `$user.id` and `$user.email` name the caller's."""

    model_config = ConfigDict(extra="allow", frozen=True)

    field: str
    operator: Literal["eq", "neq", "in", "not_in", "gt", "gte", "lt", "lte", "like"] = "eq"
    value: Any = None


class PolicyDefinition(BaseModel):
    """One grant (api.md, sections 4 and 9): matches if the caller has a role and all conditions hold."""

    model_config = ConfigDict(extra="allow", frozen=True)

    entity: str
    action: Literal["read", "create", "update", "delete"]
    roles: list[str] = Field(default_factory=list)
    conditions: list[Condition] = Field(default_factory=list)
