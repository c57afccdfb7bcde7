-- How far the consumers are, for when a stream has forgotten what they have not handled yet.

-- The newest event of an app that a durable has handled, with all before it: a lower bound, noted now and then.
CREATE TABLE bus.progress (
    durable  text NOT NULL,
    app_id   uuid NOT NULL,
    position bigint NOT NULL,
    n        int NOT NULL,
    PRIMARY KEY (durable, app_id)
);

-- The sequence up to which a durable has handled everything of its stream, and which stream that was.
CREATE TABLE bus.floors (
    durable  text PRIMARY KEY,
    created  text NOT NULL,
    sequence bigint NOT NULL
);
