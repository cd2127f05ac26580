-- How a workspace has set the auditor's rules: off, or with other numbers than the usual ones.
CREATE TABLE audit_rule_settings (
    workspace_id {uuid} NOT NULL,
    rule TEXT NOT NULL,
    is_enabled BOOLEAN NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by {uuid},
    PRIMARY KEY (workspace_id, rule),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY (workspace_id, changed_by) REFERENCES members (workspace_id, id)
){clustered};

CREATE TABLE audit_rule_parameters (
    workspace_id {uuid} NOT NULL,
    rule TEXT NOT NULL,
    name TEXT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, rule, name),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};

-- It was a column of its own before other rules had numbers, too.
INSERT INTO audit_rule_parameters (workspace_id, rule, name, value)
SELECT id, 'inactive_member', 'days', inactive_after_days FROM workspaces WHERE inactive_after_days <> 30;
ALTER TABLE workspaces DROP COLUMN inactive_after_days;

-- What findings may be about beside a person.
ALTER TABLE findings ADD COLUMN api_key_id {uuid};
ALTER TABLE findings ADD COLUMN channel_id {uuid};

-- The life of a finding: open, acknowledged, dismissed until a time with a reason, resolved; and whether it was told at once.
ALTER TABLE findings ADD COLUMN acknowledged_at BIGINT;
ALTER TABLE findings ADD COLUMN acknowledged_by {uuid};
ALTER TABLE findings ADD COLUMN dismissed_at BIGINT;
ALTER TABLE findings ADD COLUMN dismissed_by {uuid};
ALTER TABLE findings ADD COLUMN dismissed_until BIGINT;
ALTER TABLE findings ADD COLUMN dismissal_reason TEXT;
ALTER TABLE findings ADD COLUMN alerted_at BIGINT;

-- Evidence has another form: the next audit, or the first look, renews it.
UPDATE findings SET evidence = '[]';

-- Which permissions are used, and when last: to the day. One row a permission, not one a use.
CREATE TABLE member_permission_uses (
    workspace_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    permission TEXT NOT NULL,
    first_used_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, member_id, permission),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
){clustered};

CREATE TABLE api_key_permission_uses (
    workspace_id {uuid} NOT NULL,
    api_key_id {uuid} NOT NULL,
    permission TEXT NOT NULL,
    first_used_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, api_key_id, permission),
    FOREIGN KEY (workspace_id, api_key_id) REFERENCES api_keys (workspace_id, id)
){clustered};

-- Since when uses are recorded: nothing is said to be unused from before.
ALTER TABLE workspaces ADD COLUMN uses_recorded_since BIGINT NOT NULL DEFAULT 0;
