-- Instances by the trace of what started them, and their histories by the traces of decisions, as cheaply as the log has it.
CREATE INDEX instances_trace ON ${schema}.instances USING brin (trace_id text_bloom_ops) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX history_decisions ON ${schema}.history USING brin ((data #>> '{decider,trace_id}') text_bloom_ops)
    WITH (pages_per_range = 32, autosummarize = on) WHERE kind = 'decided';
