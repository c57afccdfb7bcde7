"""The limit in Python: one aiohttp process with uvloop and asyncpg that does the same SQL, and nothing else.

No authentication, no validation, no NATS, no relay; the pool sends no reset query. It works in a copy of
the app's database, in the same Postgres. What Rocket adds to this is the price of being a platform.
"""
