"""Rocket on one machine: Postgres and NATS from Python wheels, all services as processes, one command.

`python -m deploy.embedded` (or `make run`) starts everything; tests use the same `Stack`.

Read in this order:
    settings.py      what can be set, and what is refused at once
    stack.py         the table of contents: what is started, in which order, with which environment
    supervised.py    keeps one process alive: back-off, stop, kill, pause
    postgres.py  nats.py           the two servers: prepare, start, ask until ready
    services.py      what is run: migrate and the services, and environment.py: what they are told
    nursery.py  nursery_main.py    services are forked from one process that has imported everything
    datadir.py  credentials.py  ports.py  orphans.py    what is left on disk, and what may be left running

When the supervisor dies by force, the kernel ends its children (parent-death signals); whatever
survives nevertheless is found by its working directory and stopped by the next start.
"""
