"""Live streams: server-sent events, one per commit that the caller may see.

`hub` follows how far each app's log is settled; `streams` limits their number; `event_stream` writes one stream;
`sessions` says whose it is and how long it lasts; `tickets` let browsers in.
"""
