-- What makes no progress: a relay, consumer or timer of a service in one app, since when and why. `seen_at` is when it was
-- last tried in vain, so what nobody tries any more is forgotten; infinity where it stays until somebody mends it.
CREATE TABLE bus.standstills (
    service text NOT NULL,
    app_id  text NOT NULL,
    app     text NOT NULL,
    what    text NOT NULL,
    reason  text NOT NULL,
    since   timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (service, app_id, what)
);
