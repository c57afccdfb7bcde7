"""Notifications: tells people of changes, by mail and in their inbox, and sends mail for the other services.

Owns       the notifications of each app: mails to be sent and sent, and everybody's inbox; and whom rules have found
           for a commit, so that it can be verified.
Answers    the caller's inbox, the administrators' log with its retry, and `SendMail` of other services.
Lives off  COMMITS: every rule that matches a commit, and every such action of its transitions, becomes one
           notification per recipient, in the transaction that marks the commit as seen. A worker sends the
           mails through SMTP.
When it is down, nothing is lost: commits wait in the stream, mails in Postgres, and both go on when it is
back. `SendMail` is refused with a 503 meanwhile. Writes are not affected.
"""
