"""Closed-loop HTTP load from a process of its own: a number of connections, each asks, waits, asks again.

`outcome` says what a run yields; `generator` is our own process (`python -m bench.load FILE`); `wrk`
drives the Debian package of that name with the very same bytes, where it is installed.
"""
