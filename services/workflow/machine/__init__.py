"""How an instance goes on: pure decisions, no I/O.

    changed = decide(plan, state, Begin(...) | Decide(...) | Answer(...) | Fire(...) | ..., now)

`changed.entries` are what has happened: they are appended to the history of the instance. `changed.state` is the fold
of all of them. Whatever an instance waits for is part of its state: `pending` are commands whose answers it waits for,
`timers` the times at which it is to be looked at. The tasks that are stored beside an instance are made of these two,
so that nothing is lost or done twice, wherever a process dies.

Order of reading: `state`, `entries`, `inputs`, then `folding` and `seating` (the state after entries), `plan` (a
definition made ready), `environment` (what texts read), `deciding` (the table of inputs), `walking` (from step to
step), `steps` (what each type of step does), `approving` and `seats`.
"""
