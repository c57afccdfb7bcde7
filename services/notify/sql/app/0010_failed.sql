-- What has failed is counted for the overview, and listed.
CREATE INDEX notifications_failed ON ${schema}.notifications (id DESC) WHERE status = 'failed';
