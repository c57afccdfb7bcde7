-- The channels that every app has from the start. They come before everything else: their numbers are below those of
-- all other definitions, and they are part of every version of the schema.
WITH _channels AS (
    INSERT INTO metadata.definitions (kind, number, key, document) OVERRIDING SYSTEM VALUE
    VALUES
        ('notification-channels', -2, 'email', '{"name": "email", "type": "email", "config": {"host": "", "port": 587, "username": "", "password": "", "from": "", "from_name": "", "tls": "starttls"}, "active": true}'),
        ('notification-channels', -1, 'in_app', '{"name": "in_app", "type": "in_app", "config": {}, "active": true}')
    RETURNING id, kind, number, document
)
INSERT INTO metadata.history (version, kind, definition_id, action, document, actor, trace_id)
SELECT number, kind, id, 'create', document, '{"id": null, "email": null}', '00000000-0000-0000-0000-000000000000'
FROM _channels;
