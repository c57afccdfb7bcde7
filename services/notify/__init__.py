"""Notifications: informs users of what happens, by the channels of each app, and sends mails for the other services.

Owns      the notifications of each app: mails, inboxes, and notes of the receivers that were found for a commit.
Answers   the caller's inbox, the log of administrators with its retry, and `SendMail` of other services.
Consumes  COMMITS: every rule that matches a commit, and every notification action of its transitions, becomes one
          notification per receiver, in the transaction that adds the commit to the inbox. SIGNALS: what workflow
          instances tell, by actions and about approvals and outcomes. A worker sends
          what leaves Rocket.
Down      nothing is lost: commits wait in the stream, mails in PostgreSQL. `SendMail` is refused with 503 meanwhile.
          Writes are not affected.

The way of a mail, file by file: service, consumers, matching, people, planning, fan_out, rendering, preferences, store,
sender, channels/email, retry_policy.
"""
