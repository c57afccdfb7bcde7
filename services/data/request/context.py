"""A request under one version of the schema."""

from __future__ import annotations

from typing import NamedTuple

from libs.shared.contracts.context import Context, Identity
from libs.shared.postgres.databases import Database
from services.data.model import Model
from services.data.query.scope import Scope
from services.data.state import State
from services.data.writes.context.write_context import WriteContext


class RequestContext(NamedTuple):
    """The resources of the process, the caller and app of the request, and the schema that it is decided by."""

    state: State
    context: Context
    model: Model

    @property
    def caller(self) -> Identity:
        return self.context.user

    @property
    def database(self) -> Database:
        """The app's database."""
        return self.state.database(self.context.the_app)

    def scope(self, reserved: int = 0) -> Scope:
        """The values and permissions of a reading statement; `reserved` values come before its own."""
        return Scope(self.model, self.context.user, reserved)

    def write(self, effect_key: str | None = None, cause: str = "") -> WriteContext:
        """What a write of this request works with; `cause` replaces that of the request in the log."""
        context = self.context._replace(cause=cause) if cause else self.context
        return WriteContext.of(self.state.writes, context, self.model, effect_key)
