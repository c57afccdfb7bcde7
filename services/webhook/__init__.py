"""Webhooks: tells outside endpoints of changes, and keeps a log of every delivery.

Owns       the deliveries of each app: what was sent, or is to be sent, and how it went.
Answers    the delivery log and its manual retry.
Lives off  COMMITS: every matching commit becomes one delivery per webhook, in the transaction that marks
           the commit as seen. Its dispatcher sends what is due, at least once, with one idempotency key
           for all attempts. It tells of deliveries given up by the signal `delivery_failed`.
When it is down, nothing is lost: commits wait in the stream, due deliveries in Postgres, and both go out
when it is back. Writes are not affected.
"""
