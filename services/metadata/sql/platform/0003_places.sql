-- Where an app lives: the name of a server from the settings, empty for the platform's own. Which pages may call it.
ALTER TABLE metadata.apps
    ADD COLUMN server       text NOT NULL DEFAULT '',
    ADD COLUMN cors_origins text[] NOT NULL DEFAULT '{}';
