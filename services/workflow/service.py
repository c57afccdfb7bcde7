"""The workflow service: its endpoints, consumers and workers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from libs.shared.bus.consumers.consumer import Consumer
from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.timers.due import Due
from libs.shared.contracts.figures import CountFigures
from libs.shared.contracts.operations import of
from libs.shared.contracts.streams import COMMITS
from libs.shared.contracts.workflows import (
    ApproveInstance,
    DeleteInstance,
    GetInstance,
    ListInstances,
    ListPending,
    RejectInstance,
)
from libs.shared.replays import Projection
from libs.shared.replays.derived import verifying
from libs.shared.runtime import Core, Service
from libs.shared.snapshots.subscriptions import Subscriptions
from services.workflow import consumers, handlers, runner
from services.workflow.replays.deriving import Instances
from services.workflow.state import State
from services.workflow.triggers import WORKFLOWS


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """The service's state, with the relay of its signals running."""
    due = Due(core.databases, core.apps, core.name)
    transactions = Transactions.emitting(core, due)
    async with transactions.relay.running():
        yield State(core, Subscriptions(core.schemas, core.rpc, WORKFLOWS), due, transactions)


SERVICE = Service(
    name="workflow",
    open=open_state,
    endpoints={
        ListInstances: handlers.list_instances,
        ListPending: handlers.list_pending,
        GetInstance: handlers.get_instance,
        DeleteInstance: handlers.delete_instance,
        ApproveInstance: handlers.approve,
        RejectInstance: handlers.reject,
        of("workflow", CountFigures): handlers.count_figures,
    },
    consumers=(
        Consumer(
            name="workflow",
            stream=COMMITS,
            plan=consumers.plan,
            apply=consumers.apply,
            topics=lambda state: state.workflows,
        ),
    ),
    transactions=lambda state: state.transactions,
    lag=lambda state: {"relay": state.transactions.relay.lag},
    workers=(runner.run,),
    projections=(Projection("workflow", verifying(Instances())),),
)
