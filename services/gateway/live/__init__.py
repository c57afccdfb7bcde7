"""Live streams: server-sent events, one per commit that the caller may see.

`hub` learns how far each app's log is settled; `streams` says how many there may be; `telling` writes one
stream; `sessions` says whose it is and until when; `tickets` let browsers in.
"""
