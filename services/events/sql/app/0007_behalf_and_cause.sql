-- On whose behalf a change was made, and because of what: null for what somebody has asked for themselves.
ALTER TABLE ${schema}.audit_logs ADD COLUMN on_behalf_of text, ADD COLUMN cause text;
ALTER TABLE ${schema}.audit_changes ADD COLUMN on_behalf_of text, ADD COLUMN cause text;
