"""Do endpoints that fail or hang cost the others anything? Two systems with the same webhooks, one with bad endpoints.

    python -m bench.webhooks            the whole measurement: 1,000 endpoints, one in ten bad
    python -m bench.webhooks --quick    a smoke run: its figures mean nothing

Each round writes to one system and then to the other, in turns, at the same rate. What counts is how many
deliveries to good endpoints a second of processor time makes (of the webhook service, and of all that the
system consists of), and how long they take from commit to arrival. The warm-up, in which bad endpoints are
called until their circuits open, is told apart.
"""
