"""Events: spans and business events, traces and statistics, the audit log, and outside subscribers.

Owns      `events.events`, partitioned by day, `events.audit_logs` and `events.subscribers` in every app database.
Answers   lists of events, traces as trees, statistics, the audit log, subscribers; records business events; answers
          NATS which outside subscriber a connection belongs to.
Consumes  COMMITS (audit rows, events of transitions), SIGNALS (events of services and of workflows) and TELEMETRY
          (spans). Passes business events on in the signal `business_event`.
Down      no other service is affected. Audit rows and signals are written afterwards, spans of the last day too. New
          connections of subscribers are refused.

The way of a span or signal, file by file: service, consumers, rows, partitions, store; retention drops old days.
The way of a commit into the audit log: service, consumers, definitions, audit, store.
The way of a query: service, handlers, queries, store (traces builds the tree of a trace).
The way of a subscriber: subscribers/handlers, rights, durables, store; callout answers NATS when it connects.
The way of a check or rebuild of the audit log: replays/verifying, comparing, rebuilding, store.
"""
