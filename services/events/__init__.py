"""What has happened: spans and business events, traces and statistics of them, and the audit log.

Owns    `events.events`, partitioned by day, and `events.audit_logs` in every app database.
Answers lists of events, one trace as a tree, statistics, the audit log; takes business events.
Lives off COMMITS (audit rows), SIGNALS (what services did) and TELEMETRY (spans).
Down    nothing else notices; audit rows and signals are caught up with, spans for a day at most.
"""
