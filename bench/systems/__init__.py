"""The measured systems, each behind the interface `system.System`.

`rocket` is this system, `limit` and `database` run the same SQL in its Postgres, `pocketbase` is a peer.
"""
