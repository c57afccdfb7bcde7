-- For as_of: from a time to the position that was reached by then. A btree, as BRIN saves next to nothing per
-- insert (within the noise, of some 30 µs) and finds no greatest time without reading the log up to it.
CREATE INDEX commits_at ON data.commits (at);
