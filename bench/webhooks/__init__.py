"""The cost of failing and hanging endpoints for others: two systems with the same webhooks, one with bad endpoints.

    python -m bench.webhooks            the whole measurement: 1,000 endpoints, one in ten bad
    python -m bench.webhooks --quick    a smoke run whose figures mean nothing

Each round writes to one system and then to the other, at the same rate. The results are the deliveries to good
endpoints per second of processor time (of the webhook service, and of the whole system), and the time from commit to
arrival. The warm-up, in which bad endpoints are called until their circuits open, is reported separately.
"""
