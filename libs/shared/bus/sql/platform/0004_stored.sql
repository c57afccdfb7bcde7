-- When the server stored the message up to which all is handled: another one may have its sequence, where a stream has
-- lost its end. Without a moment nothing is taken for the same.
ALTER TABLE bus.floors ADD COLUMN stored text NOT NULL DEFAULT '';
