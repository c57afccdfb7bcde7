"""Metadata: the apps and their definitions.

Owns      apps (platform database); definitions and their history (every app database), the DDL of
          the business tables in schema `records`.
Answers   the platform's app routes, `/_admin/<kind>` for every kind of definition, the schema snapshot.
Consumes  nothing: it is the source of all definitions.
Down      definitions and apps can't be changed (503 naming it); records go on being served with the
          snapshots that the other services have cached, as long as nothing has changed.

A PUT of a definition runs through handlers/definitions.py (load, reply), editing/transaction.py (lock, record,
announce), checking/ (parse, references, expressions), editing/change.py and the hooks of its kind, planning/ (the
statements, pure), tables/executor.py (DDL) and store/; editing/audit.py emits the signal, editing/warnings.py adds the
warnings. A dry run takes the same way with another executor.
"""
