-- By field: the values of the record that stand in a notification's texts. The log masks what is sensitive when it is read.
-- Null: nobody knows, as it is older than this.
ALTER TABLE ${schema}.notifications ADD COLUMN quoted jsonb;
