"""`python -m bench.large`: a million rows: bulk writes, nested writes, distant pages, exports.

Each figure stands beside a reference of the same run: the plain SQL, COPY, the first page, PocketBase's batch.
`world` has the systems, `measures` the measurements.
"""
