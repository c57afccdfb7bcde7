-- Deliveries by the commit that they tell of, for verification. What is no commit's (replays of ranges, examples,
-- questions, requests of workflows' steps) has keys of another form.
CREATE INDEX deliveries_commit ON ${schema}.deliveries (
    (split_part(commit_key, '.', 1)::bigint), (split_part(split_part(commit_key, '.', 2), '/', 1)::int)
) WHERE commit_key ~ '^[0-9]{1,18}[.][0-9]{1,9}(/[0-9]+)?$';
