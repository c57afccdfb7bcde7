-- What has failed is counted for the overview, and listed.
CREATE INDEX instances_failed ON ${schema}.instances (created_at DESC, id DESC) WHERE status = 'failed';
