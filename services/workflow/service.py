"""The workflow service: its endpoints, consumers and workers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from libs.shared.bus.consumers.consumer import Consumer
from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.timers.due import Due
from libs.shared.contracts.activity import ListRecordSteps
from libs.shared.contracts.causality import FindInstances
from libs.shared.contracts.delegations import CreateDelegation, DeleteDelegation, FindDelegates, ListDelegations
from libs.shared.contracts.effect_previews import PreviewEffects
from libs.shared.contracts.figures import CountFigures
from libs.shared.contracts.operations import of
from libs.shared.contracts.streams import COMMITS, SIGNALS
from libs.shared.contracts.workflow_reads import (
    DecideInstances,
    GetInstanceGraph,
    GetWorkflowKpis,
    ListInstanceHistory,
    MigrateInstances,
    SimulateWorkflow,
)
from libs.shared.contracts.workflows import (
    ApproveInstance,
    CancelInstance,
    DeleteInstance,
    GetInstance,
    ListInstances,
    ListPending,
    ListStartable,
    ReassignSeat,
    RejectInstance,
    RetryInstance,
    ReturnInstance,
    StartInstance,
)
from libs.shared.replays import Projection
from libs.shared.runtime import Core, Service
from libs.shared.snapshots.subscriptions import Subscriptions
from services.workflow import consumers, handlers, manual, signal_consumers
from services.workflow.decisions import bulk, deciding, managing
from services.workflow.delegations import handlers as delegations
from services.workflow.effect_previews import preview_effects
from services.workflow.kpis.handler import get_kpis
from services.workflow.replays import folding
from services.workflow.running import runner
from services.workflow.schedules import firing
from services.workflow.state import State
from services.workflow.triggers import WORKFLOWS
from services.workflow.versions.migrating import migrate
from services.workflow.versions.simulating import simulate
from services.workflow.views.causality import find_instances
from services.workflow.views.record_steps import list_record_steps


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """The service's state, with the relay of its signals running."""
    due = Due(core.databases, core.apps, core.name)
    transactions = Transactions.emitting(core, due)
    async with transactions.relay.running():
        workflows = Subscriptions(core.schemas, core.rpc, WORKFLOWS)
        yield State(core, workflows, due, Due(core.databases, core.apps, SCHEDULES), transactions)


SCHEDULES = "workflow/schedules"
"""The name of the timers of schedules."""

SERVICE = Service(
    name="workflow",
    open=open_state,
    endpoints={
        FindInstances: find_instances,
        ListInstances: handlers.list_instances,
        ListRecordSteps: list_record_steps,
        ListPending: handlers.list_pending,
        GetInstance: handlers.get_instance,
        DeleteInstance: managing.delete_instance,
        ApproveInstance: deciding.approve,
        RejectInstance: deciding.reject,
        CancelInstance: managing.cancel,
        ReassignSeat: managing.reassign,
        ReturnInstance: managing.send_back,
        RetryInstance: managing.retry,
        DecideInstances: bulk.decide_instances,
        ListInstanceHistory: handlers.list_history,
        GetInstanceGraph: handlers.get_graph,
        GetWorkflowKpis: get_kpis,
        MigrateInstances: migrate,
        SimulateWorkflow: simulate,
        of("workflow", CountFigures): handlers.count_figures,
        of("workflow", PreviewEffects): preview_effects,
        StartInstance: manual.start_instance,
        ListStartable: manual.list_startable,
        ListDelegations: delegations.list_delegations,
        CreateDelegation: delegations.create_delegation,
        DeleteDelegation: delegations.delete_delegation,
        FindDelegates: delegations.find_delegates,
    },
    consumers=(
        Consumer(
            name="workflow",
            stream=COMMITS,
            plan=consumers.plan,
            apply=consumers.apply,
            topics=lambda state: state.workflows,
        ),
        Consumer(
            name="workflow_signals",
            stream=SIGNALS,
            plan=signal_consumers.plan,
            apply=signal_consumers.apply,
            wake=signal_consumers.wake,
        ),
    ),
    transactions=lambda state: state.transactions,
    lag=lambda state: {"relay": state.transactions.relay.lag},
    workers=(runner.run, firing.run),
    projections=(Projection("workflow", folding.verify, folding.rebuild),),
)
