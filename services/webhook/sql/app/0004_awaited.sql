-- Who waits for the answer: null: nobody; else the statuses that count as success besides 2xx (a JSON list).
ALTER TABLE ${schema}.deliveries ADD COLUMN awaited jsonb;
