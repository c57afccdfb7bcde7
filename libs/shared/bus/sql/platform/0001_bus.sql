-- Coordination between replicas of all services.

-- Who does what only one replica may do at a time; lapses by itself.
CREATE TABLE bus.leases (
    name   text PRIMARY KEY,
    holder text NOT NULL,
    until  timestamptz NOT NULL
);

-- The earliest moment at which an app has timed work for a service.
CREATE TABLE bus.due (
    service text NOT NULL,
    app_id  uuid NOT NULL,
    at       timestamptz NOT NULL,
    armed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (service, app_id)
);
CREATE INDEX due_at ON bus.due (service, at);
