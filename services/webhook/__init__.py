"""Webhooks: sends changes to outside endpoints, asks some before a write, and logs every request.

Owns      the deliveries of each app with their attempts, the health of endpoints, the salts of secrets, redeliveries.
Answers   the delivery log and its manual retry; examples, redeliveries, rotation and enabling of webhooks; the verdicts
          of synchronous webhooks on a write of the data service.
Consumes  COMMITS: every matching commit becomes one delivery per webhook, in the transaction that adds the commit to
          the inbox. SIGNALS: webhook actions of workflows. A dispatcher sends due deliveries at least once, with one
          id for all attempts. Emits signals about failed deliveries and about circuits that open and close.
Down      nothing is lost: commits wait in the stream, due deliveries in PostgreSQL; both are sent afterwards. Writes
          fail only where a synchronous webhook must be asked.

The way of a delivery, file by file: service, consumers, matching, store, dispatcher (endpoint_limiter), requests,
sending (signing), recording (retry_policy, health_updates, health, attempt_store).
"""
