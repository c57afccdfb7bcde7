-- Who has decided last (null: nobody), on whose behalf an instance goes on from then.
ALTER TABLE ${schema}.instances ADD COLUMN decider jsonb;
