"""Rocket on one machine: Postgres and NATS from Python wheels, all services as processes, one command.

`python -m deploy.embedded` (or `make run`) starts everything; tests use the same `Stack`.

Read in this order:
    settings.py      the settings and their validation
    stack.py         the table of contents: what is started, in which order, with which environment
    supervised.py    keeps one process alive: back-off, stop, kill, pause
    postgres.py  nats.py           the two servers: prepare, start, ask until ready
    services.py      the migrate job and the services; environment.py: their environment variables
    forkserver.py  forkserver_main.py    services are forked from one process that has imported everything
    linux.py         calls that only Linux has; on other systems the stack refuses to start
    datadir.py  credentials.py  ports.py  orphans.py    what stays on disk, and what may still be running

When the supervisor is killed, the kernel ends its children (parent-death signals). The next start finds survivors by
their working directory and stops them.
"""
