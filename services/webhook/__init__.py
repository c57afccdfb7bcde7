"""Webhooks: tells outside endpoints of changes, asks them before some, and keeps a log of every request.

Owns       the deliveries of each app: what was sent, or is to be sent, and how it went; how each endpoint is;
           what secrets derive from; replays.
Answers    the delivery log and its manual retry; tests, replays, rotation and enabling of webhooks; what
           receivers say to a write that data is about to make.
Lives off  COMMITS: every matching commit becomes one delivery per webhook, in the transaction that marks
           the commit as seen. SIGNALS: actions of workflows. Its dispatcher sends what is due, at least
           once, with one id for all attempts. It tells of deliveries given up and of circuits that open
           and close by signals.
When it is down, nothing is lost: commits wait in the stream, due deliveries in Postgres, and both go out
when it is back. Writes are not affected, but for those that receivers have to be asked about.

The way of a delivery: `consumers` → `matching` (by the `books` of its time) → `store.insert` → `dispatcher`
(claims, as `lanes` have room) → `requests` → `sending` → `recording` (`retry_policy`, `health`).
"""
