"""Records that are about to be written: checked, completed and decided, before anything is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from libs.shared.errors import MAX_DETAILS, Detail, RocketError, summary
from libs.shared.postgres.databases import Connection, Database
from libs.shared.telemetry import tracing
from services.data.model import EntityModel
from services.data.writes.context.turns import in_turns
from services.data.writes.deciding import decisions
from services.data.writes.preparing import slugs
from services.data.writes.preparing.files import UnknownFile, attach_files
from services.data.writes.preparing.validation import Invalid, validate_create, validate_update
from services.data.writes.statements.changes import Action, RowChange, Values
from services.data.writes.statements.locking import Stored

if TYPE_CHECKING:
    from services.data.writes.context.write_context import WriteContext


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands in the request: in a bulk by `index`, in a nested write by `relation` too.

    `row` is the row of the bulk that a record belongs to, which is what its errors are counted by;
    the path then begins with it.
    """

    index: int
    relation: str = ""
    path: str = ""
    row: int | None = None

    @classmethod
    def of_row(cls, row: int) -> Place:
        """The place of a bulk's row."""
        return cls(row, path=f"[{row}]", row=row)

    def marks(self, detail: Detail) -> Detail:
        """A detail that says where it belongs."""
        nested = {"relation": self.relation, "path": self.path} if self.relation else {}
        return {**detail, **nested, "index": self.index if self.row is None else self.row}


@dataclass(slots=True)
class Draft:
    """One record: what was sent for it, what is stored of it, and what becomes of both."""

    body: dict[str, Any]
    stored: Stored | None = None
    place: Place | None = None
    if_version: int | None = None
    given: frozenset[str] = frozenset()
    """Names in the body that are the server's, not the caller's."""
    values: Values = field(default_factory=dict)
    effects: list[dict[str, Any]] = field(default_factory=list)

    def mark(self, details: Iterable[Detail]) -> list[Detail]:
        """Details about this record, with its place."""
        return [self.place.marks(detail) if self.place else detail for detail in details]

    def refuse(self, error: RocketError) -> RocketError:
        """An error about this record, with its place."""
        if self.place is None:
            return error
        details = error.details or [{"message": error.message}]
        return RocketError(error.code, error.message, self.mark(details), error.headers)


async def prepare(
    write: WriteContext,
    connection: Connection | Database,
    entity: EntityModel,
    action: Action,
    drafts: Sequence[Draft],
    *,
    decided: bool = True,
) -> list[RowChange]:
    """The changes that drafts come to: values checked, files found, rules and transitions decided, slugs made.

    Without `decided`, rules and transitions are left to be decided when more is there.

    Raises VALIDATION_FAILED with all violations of all drafts, NOT_FOUND for unknown files, FORBIDDEN
    for transitions that are not the caller's.
    """
    with tracing.span("engine", "writer", "write.validate", entity.name):
        await validate(entity, action, drafts)
    if write.approval is not None and action is Action.CREATE:
        write.approval.keep_keys(entity, drafts)
    try:
        await attach_files(write, connection, entity, drafts)
    except UnknownFile as unknown:
        raise drafts[unknown.place].refuse(unknown) from None
    if decided:
        await decisions.decide(write, connection, entity, action, drafts)
    await slugs.assign(connection, entity, action, drafts)
    return [_change(write, entity, action, draft) for draft in drafts]


async def validate(entity: EntityModel, action: Action, drafts: Sequence[Draft]) -> None:
    """Parse the values of all drafts. Raises VALIDATION_FAILED with all that is wrong with them."""
    details: list[Detail] = []
    async for draft in in_turns(drafts):
        try:
            if action is Action.CREATE:
                draft.values = validate_create(entity, draft.body)
            else:
                draft.values = validate_update(entity, draft.body)
        except Invalid as invalid:
            details += draft.mark(invalid.details)
            if len(details) >= MAX_DETAILS:
                break
    if details:
        raise RocketError("VALIDATION_FAILED", summary(details[0]), details)


def _change(write: WriteContext, entity: EntityModel, action: Action, draft: Draft) -> RowChange:
    key = draft.stored.key if draft.stored else None
    if action is Action.CREATE and set(entity.key.names) <= set(draft.values):
        key = entity.key.of(draft.values)
    return write.change(key, draft.values, draft.if_version, decisions.as_text(draft.effects))
