-- The text of a confidential mail is shown in no log, and is forgotten once it was sent or given up.
ALTER TABLE ${schema}.notifications ADD COLUMN confidential boolean NOT NULL DEFAULT false;
