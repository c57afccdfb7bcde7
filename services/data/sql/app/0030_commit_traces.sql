-- Commits by the trace of their request. Traces are random, so a bloom filter per range of pages says which ranges may hold
-- one: next to nothing per insert, where a btree would cost a random page each.
CREATE INDEX commits_trace ON data.commits USING brin (trace_id uuid_bloom_ops) WITH (pages_per_range = 32, autosummarize = on);
