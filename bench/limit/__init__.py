"""The limit in Python: one aiohttp process with uvloop and asyncpg that runs the same SQL, and nothing else.

No authentication, no validation, no NATS, no relay; the pool sends no reset query. It works in a copy of
the app's database, in the same Postgres. The difference to Rocket is the cost of the platform.
"""
