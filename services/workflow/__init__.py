"""Workflows: runs instances, waits for approvals and timers.

Owns      `workflow.instances` in every app database, each with the definition it started with.
Answers   lists of instances and of pending approvals; approve, reject and delete.
Consumes  COMMITS: a change of state starts the workflows that it triggers. Timers continue instances.
Calls     data for `set_field`, once per effect key. Emits `webhook_requested`, which the webhook service delivers.
Down      writes are not affected; instances start, continue and time out afterwards.

The way of an approval, file by file: service, handlers, store, engine, instance, recording; then runner,
calls, retry_policy.
"""
