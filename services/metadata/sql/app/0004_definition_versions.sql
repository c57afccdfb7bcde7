-- The versions of a definition, one after the other. `ids` are an entity's field ids of that time, by which a
-- version that comes back knows its fields, whatever they are called by now.
CREATE INDEX history_definition ON metadata.history (definition_id, version);
ALTER TABLE metadata.history ADD COLUMN ids jsonb;
