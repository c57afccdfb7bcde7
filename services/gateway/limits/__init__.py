"""Limits for clients: the rate of requests, and the depth and width of bodies.

`settings` what can be set; `buckets` the token buckets; `limiter` which of them a request takes from; `exchange` lets
several gateways count as one; `addresses` a client's address behind proxies; `shapes` the limits of JSON bodies.
"""
