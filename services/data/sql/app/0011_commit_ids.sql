-- Commits by their id. The ids begin with their time, so rows lie nearly in their order, and a range of pages
-- says enough: next to nothing per insert, where a btree of as many entries as the log has rows would cost.
CREATE INDEX commits_commit_id ON data.commits USING brin (commit_id) WITH (pages_per_range = 16, autosummarize = on);
