"""`python -m bench.large`: what a million rows cost, bulk writes, nested writes, pages far behind, exports.

Each figure stands beside what it can be held against, measured in the same run: the plain SQL, COPY, the
first page, PocketBase's batch. `world` is what is measured in, `measures` how, `report` what is written.
"""
