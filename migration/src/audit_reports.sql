-- When a workspace's audit reports go out: each day, one day of the week, or both; and since when that holds.
ALTER TABLE workspaces ADD COLUMN reports_daily BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE workspaces ADD COLUMN reports_weekday INTEGER;
ALTER TABLE workspaces ADD COLUMN reports_set_at BIGINT NOT NULL DEFAULT 0;

-- How a reader wants them. Who has no row gets them as the workspace has it.
CREATE TABLE report_preferences (
    workspace_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    weekly_only BOOLEAN NOT NULL,
    time_zone TEXT,
    PRIMARY KEY (workspace_id, member_id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
){clustered};

-- Which report went to whom: one a reader and run. What it covers ends where the next one begins.
CREATE TABLE audit_reports (
    workspace_id {uuid} NOT NULL,
    audit_run_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    mail_id {uuid} NOT NULL,
    week TEXT,
    covers_from BIGINT NOT NULL,
    covers_to BIGINT NOT NULL,
    withdrawn_at BIGINT,
    PRIMARY KEY (workspace_id, audit_run_id, member_id),
    FOREIGN KEY (workspace_id, audit_run_id) REFERENCES audit_runs (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
){clustered};
CREATE INDEX audit_reports_by_member_covers ON audit_reports (workspace_id, member_id, covers_to);
CREATE INDEX audit_reports_by_covers ON audit_reports (workspace_id, covers_to);
CREATE INDEX audit_reports_by_week ON audit_reports (workspace_id, week);
CREATE INDEX audit_reports_by_mail ON audit_reports (mail_id);

-- How many findings were open after a run: what a trend is drawn from.
CREATE TABLE audit_tallies (
    workspace_id {uuid} NOT NULL,
    audit_run_id {uuid} NOT NULL,
    "at" BIGINT NOT NULL,
    critical BIGINT NOT NULL,
    high BIGINT NOT NULL,
    medium BIGINT NOT NULL,
    low BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, audit_run_id),
    FOREIGN KEY (workspace_id, audit_run_id) REFERENCES audit_runs (workspace_id, id)
){clustered};
CREATE INDEX audit_tallies_by_at ON audit_tallies (workspace_id, "at");

-- What goes along with a mail.
CREATE TABLE mail_attachments (
    id {uuid} NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (id) REFERENCES outgoing_mails (id)
){clustered};

-- Resolved findings by when they were, of which a report tells the latest.
CREATE INDEX findings_by_resolved ON findings (workspace_id, resolved_at);

-- The few activities that change who may do what, among the many that do not.
CREATE INDEX activities_of_access ON activities (workspace_id, action, "at") WHERE action IN ({actions});
