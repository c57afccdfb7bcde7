"""data: the records and the commit log. Read this service first; the others are written like it.

Owns      business tables (schema `records`), `data.commits` (the log), `data.files`.
Answers   records: list, get, create, update, delete, history; effects of workflows; who may do what to which
          records (`records.authorize`, in batches), and why (`records.explain`).
Lives off the schema, which metadata keeps. Every statement carries the schema version it was compiled
          for, so a change holds for the very next request, through any replica.
When down records can't be read or written (503 naming it); nothing is lost, as whoever leads a relay
          next resumes from the log.

The way of a POST: `handlers.record_writes` → `request.schema_fence` → `permissions` (may you) →
`writes.validation` (is it right) → `writes.statements` (row and log entry in one statement) → answer;
meanwhile `log.source` is read by the relay, which publishes the commit to the stream COMMITS.
"""
