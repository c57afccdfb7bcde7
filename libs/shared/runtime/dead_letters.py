"""The dead-letter endpoints that every service with consumers has: list, replay in the order of the record, discard."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import structlog

from libs.shared import exact
from libs.shared.bus.consumers import dead_letters
from libs.shared.bus.consumers.consumer import Consumer
from libs.shared.bus.consumers.incoming import Loads, decode_event
from libs.shared.bus.outbox.transactions import Transaction, Transactions
from libs.shared.bus.standstills import Standstills, dead_letters_of
from libs.shared.contracts.commits import FetchCommit
from libs.shared.contracts.context import AppRef, Context
from libs.shared.contracts.figures import CountDeadLetters, Figures
from libs.shared.contracts.messages import Request, Response
from libs.shared.contracts.operations import DiscardDeadLetter, ListDeadLetters, ReplayDeadLetter, of
from libs.shared.contracts.streams import REFERENCE
from libs.shared.errors import RocketError, not_found
from libs.shared.postgres.counting import load_counts
from libs.shared.runtime.dead_letter_views import visible
from libs.shared.runtime.service import Core, Service

log = structlog.get_logger()

S = TypeVar("S")


def endpoints(service: Service[S], core: Core, state: S, transactions: Transactions) -> dict[type[Request[Any]], Any]:
    """The dead-letter endpoints of a service; none if it consumes no streams."""
    if not service.consumers:
        return {}
    letters = _DeadLetters(service, core, state, transactions)
    return {
        of(service.name, ListDeadLetters): letters.list,
        of(service.name, CountDeadLetters): letters.count,
        of(service.name, ReplayDeadLetter): letters.replay,
        of(service.name, DiscardDeadLetter): letters.discard,
    }


class _DeadLetters(Generic[S]):
    """The handlers of the dead-letter requests of one service."""

    def __init__(self, service: Service[S], core: Core, state: S, transactions: Transactions) -> None:
        self._service = service.name
        self._consumers = {consumer.name: consumer for consumer in service.consumers}
        self._core = core
        self._state = state
        self._transactions = transactions
        self._standstills = Standstills(service.name, core.databases)

    async def list(self, context: Context, _: ListDeadLetters) -> Response:
        """List the dead letters of an app, masked by today's definitions."""
        letters = await dead_letters.listing(self._core.databases.of(context.the_app), self._service)
        schema = await self._core.schemas.get(context.the_app)
        return Response(body=exact.dumps({"data": [visible(letter, schema) for letter in exact.loads(letters)]}))

    async def count(self, context: Context, _: CountDeadLetters) -> Figures:
        """Count the dead letters of an app."""
        database = self._core.databases.of(context.the_app)
        return Figures(*await load_counts(database, dead_letters.counting(self._service), context.remaining()))

    async def replay(self, context: Context, request: ReplayDeadLetter) -> Response:
        """Handle a letter again, with all other letters of its record, in one transaction."""
        app = context.the_app
        async with self._transactions.begin(app) as transaction:
            letters = await dead_letters.same_record(transaction.connection, self._service, _number(request.id))
            if not letters:
                raise not_found("Dead letter")
            consumer = self._consumers[letters[0]["consumer"]]
            events = [await _event(self._core, context, letter, consumer.loads) for letter in letters]
            reactions = await _handle_again(self._service, consumer, self._state, transaction, letters, events)
        if consumer.wake and reactions:
            consumer.wake(self._state, app, reactions)
        await self._clear_standstill(app, consumer.name)
        return Response(body=b'{"data":{"id":"%s","replayed":%d}}' % (request.id.encode(), len(letters)))

    async def discard(self, context: Context, request: DiscardDeadLetter) -> Response:
        """Remove a letter without handling it."""
        async with self._core.databases.of(context.the_app).transaction() as transaction:
            letters = await dead_letters.same_record(transaction, self._service, _number(request.id))
            letter = next((letter for letter in letters if str(letter["id"]) == request.id), None)
            if letter is None:
                raise not_found("Dead letter")
            await dead_letters.remove(transaction, self._service, letter["id"])
        log.warning(
            "letter.discarded", consumer=letter["consumer"], key=letter["key"], record=letter["record_key"],
            app_id=context.the_app.id, by=context.user.id,
        )  # fmt: skip
        await self._clear_standstill(context.the_app, letter["consumer"])
        return Response(body=exact.dumps({"data": {"id": request.id, "discarded": True, "behind": len(letters) - 1}}))

    async def _clear_standstill(self, app: AppRef, consumer: str) -> None:
        """Clear the standstill of a consumer in an app if no letter of it is left."""
        if not await dead_letters.is_any(self._core.databases.of(app), self._service, consumer):
            await self._standstills.clear(app, dead_letters_of(consumer), noted=False)


def _number(text: str) -> int:
    """The number of a letter in a URL. Raises NOT_FOUND for what can't be one."""
    if not re.fullmatch(r"[1-9][0-9]{0,17}", text):
        raise not_found("Dead letter")
    return int(text)


async def _handle_again(
    service: str, consumer: Consumer[S], state: S, transaction: Transaction, letters: Sequence[Any], events: list[Any]
) -> list[Any]:
    """Handle all letters of a record in order, or none. Returns the reactions; raises INVALID_STATE when one fails."""
    try:
        plan = await consumer.plan(state, transaction.app, events)
        await transaction.schedule(plan.due_at)
        for letter, reaction in zip(letters, plan.reactions, strict=True):
            if reaction is not None:
                await consumer.apply(state, transaction, [reaction])
            await dead_letters.remove(transaction.connection, service, letter["id"])
    except RocketError:
        raise
    except Exception as error:
        raise RocketError("INVALID_STATE", f"It still can't be handled: {type(error).__name__}") from error
    return [reaction for reaction in plan.reactions if reaction is not None]


async def _event(core: Core, context: Context, letter: Any, loads: Loads) -> Any:
    """The event of a letter; one too large for the stream is fetched from the log."""
    try:
        event = decode_event(letter["subject"], letter["payload"].encode(), loads)
    except (ValueError, TypeError):
        raise RocketError("INVALID_STATE", "It still can't be handled: it is no event") from None
    if REFERENCE in exact.loads(letter["headers"]):
        whole = await core.rpc.request(FetchCommit(position=event.position, n=event.n), context)
        return decode_event(letter["subject"], whole.body, loads)
    return event
