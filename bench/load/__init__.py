"""Closed-loop HTTP load from a separate process: several connections, each sends, waits, sends again.

`outcome` holds the result of a run; `generator` is our own process (`python -m bench.load FILE`); `wrk`
drives the Debian package of that name with the same bytes, if it is installed.
"""
