"""Nested writes of many_to_many relations: they attach and detach stored records, and change none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared.errors import Detail, RocketError, summary
from libs.shared.schema import BadValue, FieldDefinition, parse_value
from libs.shared.schema.values import MAX_RECORD_ID_BYTES, is_long_id
from services.data.model import EntityModel, Link
from services.data.writes.context.drafts import Draft, Row
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing.readable_references import names_freely, readable
from services.data.writes.statements.join_tables import JoinTable, Pair
from services.data.writes.statements.unit_of_work import UnitOfWork
from services.data.writes.tree.nested import DELETE, Members


@dataclass(frozen=True, slots=True)
class _Mention:
    """A target that a row names, by its value."""

    draft: Draft
    index: int
    pair: Pair
    detaches: bool


async def save_pairs(write: WriteContext, unit: UnitOfWork, link: Link, members: Members) -> None:
    """Attach and detach as the rows say: diff and append add, replace leaves exactly what is named.

    Targets that the caller may not read are treated as missing: they are neither attached nor detached.
    Raises VALIDATION_FAILED for rows that name no target, or a missing one.
    """
    target = write.model.entity(link.entity)
    join = JoinTable(unit, link.relation)
    mentions, owners = _mentions(write, link, target, members)
    added = [mention for mention in mentions if not mention.detaches]
    there = await join.lock_targets(target, [mention.pair[1] for mention in added]) if added else set()
    hidden = await _hidden(write, unit, join, link, target, owners, mentions)
    standing = {pair for pair in await join.others(list(owners.values())) if pair[1] in hidden} if hidden else set()
    unknown = [m for m in added if m.pair[1] not in there or (m.pair[1] in hidden and m.pair not in standing)]
    if unknown:
        raise _refusal(link, [(m.draft, m.index, f"there is no such {target.name}") for m in unknown])
    left = await _left(join, link, members, owners, mentions)
    await join.detach([pair for pair in left if pair[1] not in hidden])
    await join.attach([mention.pair for mention in added])


async def _hidden(
    write: WriteContext,
    unit: UnitOfWork,
    join: JoinTable,
    link: Link,
    target: EntityModel,
    owners: dict[int, Any],
    mentions: Sequence[_Mention],
) -> set[Any]:
    """The values of named or paired targets that the caller may not read."""
    if names_freely(write, target, link.other):
        return set()
    values = {mention.pair[1] for mention in mentions} | {
        other for _, other in await join.others(list(owners.values()))
    }
    return values - await readable(write, unit.transaction, target, link.other, list(values))


def _mentions(
    write: WriteContext, link: Link, target: EntityModel, members: Members
) -> tuple[list[_Mention], dict[int, Any]]:
    """The targets that rows name, and each draft's own value. Raises VALIDATION_FAILED for rows that name none."""
    source = write.model.entity(link.relation.source)
    mentions: list[_Mention] = []
    owners: dict[int, Any] = {}
    problems: list[tuple[Draft, int, str]] = []
    for draft, nested in members:
        owner = owners[id(draft)] = parse_value(source.fields[link.own], draft.parent_value(link))
        for index, row in enumerate(nested.rows):
            if nested.mode == "append" and row.get(DELETE):
                continue
            try:
                named = _named(target.fields[link.other], row)
                mentions.append(_Mention(draft, index, _pair(owner, named), bool(row.get(DELETE))))
            except BadValue as problem:
                problems.append((draft, index, str(problem)))
    if problems:
        raise _refusal(link, problems)
    return mentions, owners


def _named(field: FieldDefinition, row: Row) -> Any:
    if unknown := set(row) - {field.name, DELETE}:
        raise BadValue(f"is all that a row can have, not {sorted(unknown)[0]}")
    if row.get(field.name) is None:
        raise BadValue("is required")
    return parse_value(field, row[field.name])


def _pair(owner: Any, named: Any) -> Pair:
    if is_long_id((owner, named)):
        raise BadValue(f"and the value it is paired with must have at most {MAX_RECORD_ID_BYTES} bytes together")
    return owner, named


async def _left(
    join: JoinTable, link: Link, members: Members, owners: dict[int, Any], mentions: Sequence[_Mention]
) -> list[Pair]:
    """The pairs to detach: those marked with _delete, and with replace those that are not named."""
    gone = {mention.pair for mention in mentions if mention.detaches}
    kept = {mention.pair for mention in mentions if not mention.detaches}
    replacing = [owners[id(draft)] for draft, nested in members if nested.mode == "replace"]
    if replacing:
        gone |= {pair for pair in await join.others(replacing) if pair not in kept}
    return sorted(gone - kept, key=str)


def _refusal(link: Link, problems: Sequence[tuple[Draft, int, str]]) -> RocketError:
    details: list[Detail] = [
        draft.child_place(link, index).marks({"field": link.other, "rule": "reference", "message": message})
        for draft, index, message in problems
    ]
    return RocketError("VALIDATION_FAILED", summary(details[0]), details)
