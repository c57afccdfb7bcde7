"""metadata: which apps there are, and what is defined in them.

Owns      apps (platform database); definitions and their history (every app database), the DDL of
          the business tables in schema `records`.
Answers   the platform's app routes, `/_admin/<kind>` for every kind of definition, the schema snapshot.
Lives off nothing: it is the source.
When down definitions and apps can't be changed (503 naming it); records go on being served with the
          snapshots that the other services remember, for as long as nothing has changed.
"""
