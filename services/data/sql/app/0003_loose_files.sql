-- Files whose bytes may lie in storage without a description: being uploaded, or removed.
-- `given_up`: their bytes are on their way out, so they can't be registered any more.
CREATE TABLE data.loose_files (
    id       uuid PRIMARY KEY,
    given_up boolean NOT NULL DEFAULT false,
    since    timestamptz NOT NULL DEFAULT now()
);
