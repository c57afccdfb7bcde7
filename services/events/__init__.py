"""What has happened: spans and business events, traces and statistics, the audit log; and who outside hears of it.

Owns    `events.events`, partitioned by day, `events.audit_logs` and `events.subscribers` in every app database.
Answers lists of events, one trace as a tree, statistics, the audit log, subscribers; takes business events; tells
        NATS who outside subscribers are.
Lives off COMMITS (audit rows), SIGNALS (what services did) and TELEMETRY (spans).
Down    nothing else notices; audit rows and signals are caught up with, spans for a day at most. No new
        connection of a subscriber is let in.
"""
