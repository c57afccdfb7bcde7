"""Writes that receivers outside are asked about before they happen (webhooks with `async` false).

Nobody is asked while a transaction is open. The write is rehearsed first: carried out and taken back,
which finds out what it comes to and leaves no lock behind. Then the receivers are asked, and it is
carried out again, in earnest if it still comes to exactly what they were asked about: the same
records in the same versions, with the same values. If not, they are asked once more. A rehearsal that
finds nothing to ask is committed as it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from libs.shared import clock, exact
from libs.shared.contracts.webhooks import MOST_QUESTIONS
from libs.shared.errors import RocketError
from libs.shared.expressions import EvaluationError
from services.data.model import EntityModel
from services.data.model.synchronous_webhooks import SynchronousWebhook
from services.data.rules.forms import Record, shown_record
from services.data.writes.statements.changes import Action
from services.data.writes.synchronous_webhooks.asking import Question, ask

if TYPE_CHECKING:
    from services.data.writes.context.drafts import Draft
    from services.data.writes.context.write_context import WriteContext
    from services.data.writes.tree.nodes import Node

T = TypeVar("T")

ROUNDS = 2
"""How often the receivers are asked about one write at most."""


@dataclass(slots=True)
class Approval:
    """What one write is to be asked about, and what has been agreed to.

    `now` is the write's time and `_keys` are the generated keys of its new records, so that it comes to
    the same each time it is carried out.
    """

    now: datetime
    found: list[Question] = field(default_factory=list)
    _agreed: list[bytes] = field(default_factory=list)
    _keys: list[uuid.UUID] = field(default_factory=list)
    _keys_used: int = 0

    def begin(self) -> None:
        """The write is carried out, from its beginning."""
        self.found.clear()
        self._keys_used = 0

    @property
    def is_given(self) -> bool:
        """Whether the receivers have agreed to all that was found, or there is nothing to ask."""
        return [request.identity for request in self.found] == self._agreed

    def agree(self) -> None:
        """The receivers have agreed to all that was found."""
        self._agreed = [request.identity for request in self.found]

    def keep_keys(self, entity: EntityModel, drafts: Sequence[Draft]) -> None:
        """Give new records the keys that they had the last time."""
        if not entity.key.generated or entity.key.fields[0].type != "uuid":
            return
        name = entity.key.names[0]
        for draft in drafts:
            if self._keys_used == len(self._keys):
                self._keys.append(draft.values[name])
            draft.values[name] = self._keys[self._keys_used]
            self._keys_used += 1


def is_asked_about(write: WriteContext, entity: EntityModel, action: Action, bodies: Sequence[Any] = ()) -> bool:
    """Whether a write can concern receivers: its entity's, or through nested writes those of others."""
    if (entity.name, action.value) in write.model.synchronous_webhooks:
        return True
    totals = write.model.totals.by_number.get(entity.number, ())
    if any((total.parent, Action.UPDATE.value) in write.model.synchronous_webhooks for total in totals):
        return True
    return any(
        name not in entity.fields and entity.children(name) is not None
        for body in bodies
        if isinstance(body, dict)
        for name in body
    )


async def with_approval(write: WriteContext, run: Callable[[], Awaitable[T]]) -> T:
    """What `run` answers when it has written what everybody who is asked agrees to.

    `run` may be called several times; each time it must carry out all of the write. Raises what `run`
    and `ask` raise, CONFLICT when what is written keeps changing.
    """
    approval = write.approval = Approval(clock.now())
    try:
        for asked in range(ROUNDS + 1):
            outcome = await run()
            if approval.is_given:
                return outcome
            if asked < ROUNDS:
                await ask(write, approval.found)
                approval.agree()
    finally:
        write.approval = None
    raise RocketError("CONFLICT", "What was to be written kept changing while it was asked about, try again")


def note_writes(write: WriteContext, entity: EntityModel, action: Action, nodes: Sequence[Node]) -> None:
    """Take up the questions about records that are being created or changed, with what is said of their children."""
    webhooks = write.model.synchronous_webhooks.get((entity.name, action.value), ())
    if write.approval is None or not webhooks:
        return
    for node in nodes:
        old = node.draft.stored.record if node.draft.stored else None
        record = {**(old or {}), **shown_record(entity.fields, node.draft.values)}
        nested = {
            link.relation.name: {"_write_mode": instruction.mode, "data": list(instruction.rows)}
            for link, instruction in node.nested
        }
        _note(write, entity, action, webhooks, node.draft, {**record, **nested})


def note_deletions(write: WriteContext, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    """Take up the questions about records that are being deleted."""
    webhooks = write.model.synchronous_webhooks.get((entity.name, Action.DELETE.value), ())
    if write.approval is None or not webhooks:
        return
    for draft in drafts:
        if draft.stored is not None:
            _note(write, entity, Action.DELETE, webhooks, draft, draft.stored.record)


def _note(
    write: WriteContext,
    entity: EntityModel,
    action: Action,
    webhooks: Sequence[SynchronousWebhook],
    draft: Draft,
    record: Record,
) -> None:
    approval = write.approval
    assert approval is not None, "questions are taken up where somebody is asked"
    old = draft.stored.record if draft.stored else None
    for webhook in webhooks:
        document = {
            "webhook_id": webhook.id,
            "entity": entity.name,
            "record_id": _key_text(entity, draft, record),
            "action": action.value,
            "record": record,
            **({"old": old} if action is not Action.CREATE else {}),
            **({"changes": _changes(old or {}, record, draft)} if action is Action.UPDATE else {}),
        }
        if _wants(write, webhook, draft, document):
            if len(approval.found) >= MOST_QUESTIONS:
                message = f"More than {MOST_QUESTIONS} questions would have to be asked: write fewer rows at once"
                raise RocketError("VALIDATION_FAILED", message)
            version = draft.stored.version if draft.stored else 0
            identity = exact.dumps([webhook.id, version, document])
            approval.found.append(Question(webhook, draft, document, identity))


def _key_text(entity: EntityModel, draft: Draft, record: Record) -> str:
    """The record's key; empty where the database will number it."""
    if draft.stored is not None:
        return entity.key.text(draft.stored.key)
    return ",".join(str(record[name]) for name in entity.key.names if record.get(name) is not None)


def _changes(old: Record, record: Record, draft: Draft) -> dict[str, dict[str, Any]]:
    return {
        name: {"old": old.get(name), "new": record[name]}
        for name in draft.values
        if name in record and record[name] != old.get(name)
    }


def _wants(write: WriteContext, webhook: SynchronousWebhook, draft: Draft, document: Mapping[str, Any]) -> bool:
    """Whether the receiver's condition holds. Raises VALIDATION_FAILED where it can't be evaluated."""
    if webhook.condition is None:
        return True
    caller, approval = write.caller, write.approval
    assert approval is not None, "questions are taken up where somebody is asked"
    environment = {
        "record": document["record"],
        "old": document.get("old"),
        "changes": document.get("changes", {}),
        "action": document["action"],
        "entity": document["entity"],
        "event": webhook.hook,
        "user": {"id": caller.id, "roles": list(caller.roles)},
        "now": approval.now,
    }
    try:
        return webhook.condition.test(environment)
    except EvaluationError as problem:
        if webhook.optional:
            return False
        message = f"The condition of a {webhook.hook} webhook can't be evaluated: {problem.message}"
        detail = {"rule": "webhook", "message": message}
        raise draft.refuse(RocketError("VALIDATION_FAILED", message, [detail])) from None
