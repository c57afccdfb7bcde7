"""Workflows: their triggers, steps and actions.

A kind of its own among the definitions; its natural key is `name`. The order of reading: `targets` and `durations`,
then `triggers`, `actions`, `approvals`, `steps`, `definition`, and `structure`, which checks all steps together.
"""

from libs.shared.schema.workflows.actions import (
    Action,
    CommentAction,
    NotifyAction,
    Recipient,
    SetFieldAction,
    TransitionAction,
    WebhookAction,
)
from libs.shared.schema.workflows.approvals import ApprovalStep, Assignee, Escalation, Seat
from libs.shared.schema.workflows.definition import WorkflowDefinition
from libs.shared.schema.workflows.durations import parse_timeout
from libs.shared.schema.workflows.forms import FormField
from libs.shared.schema.workflows.steps import (
    ActionStep,
    Branch,
    ConditionStep,
    LoopStep,
    ParallelStep,
    SetStep,
    Step,
    SubWorkflowStep,
    WaitStep,
)
from libs.shared.schema.workflows.structure import LocatedStep, all_steps, lists_of, targets
from libs.shared.schema.workflows.targets import END, Goto, Target, destination
from libs.shared.schema.workflows.triggers import (
    EventTrigger,
    ManualTrigger,
    RecordTrigger,
    ScheduleTrigger,
    StateChange,
    Trigger,
)

__all__ = [
    "Action", "ActionStep", "ApprovalStep", "Assignee", "Branch", "CommentAction", "ConditionStep", "END",
    "Escalation", "EventTrigger", "FormField", "Goto", "LocatedStep", "LoopStep", "ManualTrigger",
    "NotifyAction", "ParallelStep", "Recipient", "RecordTrigger", "ScheduleTrigger", "Seat", "SetFieldAction",
    "SetStep", "StateChange", "Step", "SubWorkflowStep", "Target", "TransitionAction", "Trigger", "WaitStep",
    "WebhookAction", "WorkflowDefinition", "all_steps", "destination", "lists_of", "parse_timeout", "targets",
]  # fmt: skip
