-- From which position to which an entity has opted out of the audit: that there are no rows is as it should be.
CREATE TABLE ${schema}.unaudited (
    entity         text PRIMARY KEY,
    first_position bigint NOT NULL,
    last_position  bigint NOT NULL
);
