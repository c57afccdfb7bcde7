"""The workflow service: its table of contents."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from libs.shared.bus.consumers.consumer import Consumer
from libs.shared.bus.outbox.outbox import Outbox
from libs.shared.bus.outbox.relay import Relay
from libs.shared.bus.timers.due import Due
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
from services.workflow import consumers, handlers, runner
from services.workflow.definitions import Definitions
from services.workflow.replays.deriving import Instances
from services.workflow.state import State
from services.workflow.triggers import Triggers


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """The service's state, with the relay of its signals running."""
    outbox = Outbox(core.name)
    relay = Relay(outbox, core.databases, core.stream, core.leases, core.apps)
    due = Due(core.databases, core.apps, core.name)
    async with relay.running():
        yield State(core, Definitions(core.schemas, core.rpc), Triggers(), due, outbox, relay)


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
    },
    consumers=(
        Consumer(
            name="workflow",
            stream=COMMITS,
            handle=consumers.on_commit,
            before=consumers.before_commits,
            interest=consumers.interest,
            concerns=consumers.concerns,
            after=consumers.after_commits,
        ),
    ),
    lag=lambda state: {"relay": state.relay.lag},
    workers=(runner.run,),
    projections=(Projection("workflow", verifying(Instances())),),
)
