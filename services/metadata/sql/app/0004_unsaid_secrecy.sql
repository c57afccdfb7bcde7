-- Whether a field is sensitive was written as false where nothing was said; what is unsaid is decided by its name now.
UPDATE metadata.definitions d SET document = (
    SELECT json_object_agg(part.key, CASE WHEN part.key <> 'fields' THEN part.value ELSE (
        SELECT json_agg(CASE WHEN field.value ->> 'sensitive' = 'false' THEN (
            SELECT json_object_agg(said.key, said.value) FROM json_each(field.value) said WHERE said.key <> 'sensitive'
        ) ELSE field.value END ORDER BY field.place)
        FROM json_array_elements(part.value) WITH ORDINALITY field(value, place)
    ) END) FROM json_each(d.document) part
) WHERE d.kind = 'entities';
