-- Deliveries by the trace of what caused them, as cheaply as the log has it.
CREATE INDEX deliveries_trace ON ${schema}.deliveries USING brin (trace_id text_bloom_ops) WITH (pages_per_range = 32, autosummarize = on);
