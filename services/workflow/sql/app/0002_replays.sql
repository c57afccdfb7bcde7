-- Instances by the commit that started them, and those that were deleted, for verification.
CREATE INDEX instances_commit ON ${schema}.instances (
    (split_part(commit_key, '.', 1)::bigint), (split_part(commit_key, '.', 2)::int)
);
CREATE TABLE ${schema}.deleted (
    workflow_id uuid NOT NULL,
    commit_key  text NOT NULL,
    PRIMARY KEY (workflow_id, commit_key)
);
