"""Events: spans and business events, traces and statistics, the audit log, and outside subscribers.

Owns      `events.events`, partitioned by day, `events.audit_logs` and `events.subscribers` in every app database.
Answers   lists of events, traces as trees, statistics, the audit log, subscribers; records business events; answers
          NATS which outside subscriber a connection belongs to.
Consumes  COMMITS (audit rows), SIGNALS (events of services) and TELEMETRY (spans).
Down      no other service is affected. Audit rows and signals are written afterwards, spans of the last day too. New
          connections of subscribers are refused.
"""
