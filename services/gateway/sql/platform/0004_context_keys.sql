-- The public halves of the keys that gateways sign contexts with (libs/shared/bus/vouching.py). Every service reads
-- them; only the gateway's role, which owns the table, can write.
CREATE TABLE gateway.context_keys (
    id     text PRIMARY KEY,
    public bytea NOT NULL,
    at     timestamptz NOT NULL DEFAULT now()
);
GRANT USAGE ON SCHEMA gateway TO rocket_services;
GRANT SELECT ON gateway.context_keys TO rocket_services;
