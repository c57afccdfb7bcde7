-- Notifications by the trace of what caused them, as cheaply as the log has it.
CREATE INDEX notifications_trace ON ${schema}.notifications USING brin (trace_id text_bloom_ops) WITH (pages_per_range = 32, autosummarize = on);
