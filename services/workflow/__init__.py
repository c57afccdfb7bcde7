"""Running workflows: instances, the approvals they wait for, and their timers.

Owns    `workflow.instances` in every app database, each with the definition it began with.
Answers lists of instances, who waits for a decision, approve and reject, the end of an instance.
Lives off COMMITS (a change of state starts what is triggered by it) and timers.
Asks    data for `set_field`, once per effect key; tells webhook (`webhook_requested`) of a step's webhook.
Down    records are written as ever; instances start, go on and time out when it is back, none lost.
"""
