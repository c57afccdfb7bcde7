"""What is measured, each behind the same face: `system.System`.

`rocket` is this system, `limit` and `database` do the same SQL in its Postgres, `pocketbase` is a peer.
"""
