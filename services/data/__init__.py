"""Data: the records and the commit log. Read this service first; the others are written like it.

Owns      business tables (schema `records`), `data.commits` (the log), `data.files`, `data.imports`.
Answers   records: list, get, create, update, delete, history, undo; effects of workflows; who may do what to which
          records (`records.authorize`, in batches), and why (`records.explain`); import jobs.
Consumes  the schema of metadata. Every statement carries the schema version it was compiled for, so a change
          holds for the very next request, through any replica.
Down      records can't be read or written (503 naming it). Nothing is lost: the next leader of a relay resumes from
          the log.

The way of a POST: `handlers/record_writes.py` under `request/schema_fence.py`, `permissions` (policies of the caller),
`writes/requests/records.py` (values and rules), `writes/statements` (row and log entry in one statement),
response. The relay then reads `log/source.py` and publishes the commit to the stream COMMITS.

The way of a GET: `handlers/record_reads.py`, `query/parameters.py` (the URL as a shape and values), `query/compiler.py`
(the shape as SQL, once), `request/execution.py` (the statement), response.

Folders, each importing only later ones; those with `|` between them are one layer and do not import each other:
service, handlers, live | repairs | imports, replays | request, state, writes, files | history, query,
log | permissions, model, integrity | rules | settings.
"""
