-- How severe it was when it was dismissed, who resolved it by hand, how often it was opened again, and when its person was asked.
ALTER TABLE findings ADD COLUMN dismissed_severity TEXT;
ALTER TABLE findings ADD COLUMN resolved_by {uuid};
ALTER TABLE findings ADD COLUMN reopened_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN asked_at BIGINT;
ALTER TABLE findings ADD COLUMN asked_by {uuid};

-- Who asked for an audit.
ALTER TABLE audit_runs ADD COLUMN requested_by {uuid};

-- Lists are read newest first.
DROP INDEX findings_by_status;
CREATE INDEX findings_by_status ON findings (workspace_id, status, opened_at, id);
CREATE INDEX findings_by_opened ON findings (workspace_id, opened_at, id);
CREATE INDEX findings_unresolved ON findings (workspace_id, opened_at, id) WHERE status <> 'resolved';
CREATE INDEX findings_unseen ON findings (workspace_id, last_seen_at) WHERE status <> 'resolved';
CREATE INDEX findings_by_member ON findings (workspace_id, member_id, opened_at, id);
