"""What a client may ask for: how often, how much at once, how deep.

`settings` what can be set; `buckets` the token buckets; `limiter` which of them a request takes from, and what
it is told; `exchange` how several gateways count as one; `addresses` who a client is behind proxies; `shapes`
how deep and wide a JSON body may be.
"""
