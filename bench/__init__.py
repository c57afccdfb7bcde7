"""How fast is Rocket? Load against this system, a peer and two limits, in one run on one machine.

Systems   rocket (the whole stack), limit (one bare aiohttp process with the same SQL), pocketbase (the
          peer), database (pgbench with the same SQL: what Postgres alone can do); and where named, permitted
          (rocket, asked by somebody under fifty policies: what permissions cost) and strangers (rocket,
          asked with tokens it does not remember: what verifying one costs).
Measured  requests per second, and processor time per request over all processes of a system.
Kept fair the rounds are interleaved and paired, so that what the machine does besides hits all alike;
          a ratio comes with an interval, and one that straddles 1 is called what it is.

The way of a run: `measuring` → `arena` (all systems up, with the same rows) → `rounds` (drive, count,
wait until calm) → `results` (every sample, as JSON) → `report` (docs/benchmarks/README.md).
`python -m bench.profile` shows instead where one operation spends its time.
"""
