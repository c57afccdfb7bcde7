-- What has failed is counted for the overview, and listed. Hardly any delivery is, so hardly any write meets this index.
CREATE INDEX deliveries_failed ON ${schema}.deliveries (id DESC) WHERE status = 'failed';
