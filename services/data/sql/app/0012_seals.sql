-- Seals of the log: what stands in a range of positions can't be changed, taken out or added any more without
-- being found. `hash` is the SHA-256 of the previous seal's hash, the range, and its entries; `signature` says
-- that one of our services has made it. `digests` are the first 8 bytes of each entry's own SHA-256, in
-- order, so that the entry that differs can be named. Made behind the settled position, off the write path.
CREATE TABLE data.seals (
    last      bigint PRIMARY KEY,
    first     bigint NOT NULL UNIQUE,
    entries   int NOT NULL,
    digests   bytea NOT NULL,
    hash      bytea NOT NULL,
    signature bytea NOT NULL,
    at        timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE data.seals ALTER COLUMN digests SET STORAGE EXTERNAL;
