"""Limits for clients: how often they may ask, how deep and wide bodies may be.

`settings` what can be set; `buckets` the token buckets; `limiter` which of them a request takes from; `exchange` lets
several gateways count as one; `addresses` a client's address behind proxies; `shapes` the limits of JSON bodies.
"""
