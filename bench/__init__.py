"""How fast is Rocket? Load against this system, a peer and two limits, in one run on one machine.

Systems   rocket (the whole stack), limit (one bare aiohttp process with the same SQL), pocketbase (the
          peer), database (pgbench with the same SQL: what Postgres alone can do); and if named, permitted
          (rocket with a caller under fifty policies: the cost of permissions), strangers (rocket
          with tokens that it has not seen: the cost of verifying one) and untraced (rocket with an app
          without instrumentation: the cost of spans).
Measured  requests per second, and processor time per request over all processes of a system.
Fairness  the rounds are interleaved and paired, so that other load on the machine affects all alike;
          a ratio has an interval, and one that straddles 1 is reported as not distinguishable.

A run passes through: `measuring` → `arena` (all systems up, with the same rows) → `rounds` (drive, count,
wait until calm) → `results` (every sample, as JSON) → `report` (docs/benchmarks/README.md).
`python -m bench.profile` shows where one operation spends its time. `bench.workflows`, `bench.webhooks`,
`bench.large` and `bench.events` (lists, traces and figures of ten million events) are runs of their own.
"""
