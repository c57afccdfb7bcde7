"""Workflows: runs instances, waits for people, times, events and other instances.

Owns      `workflow.instances` in every app database, each with the definition it started with, and their `history`,
          of which they are the fold; `tasks`, what is to be done for them; `approvals`, who may decide what.
Answers   lists of instances and of pending approvals; manual starts; decisions; delegations.
Consumes  COMMITS start workflows and cancel instances; SIGNALS (business events, answers of webhooks) start and
          continue them. Timers and the answers of commands continue instances.
Calls     data for effects on records, once per effect key; the gateway for the persons of seats. Emits signals, which
          the webhook, notify and events services carry out and keep.
Down      writes are not affected; instances start, continue and time out afterwards.

The rooms, from below: machine (pure: what an instance does about an input), history (its entries, state and tasks),
recording (both together, in one transaction), starting, running (what it asks for is carried out), views, decisions,
delegations, schedules.
"""
