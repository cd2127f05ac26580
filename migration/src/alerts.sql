-- What somebody should know at once: open while its cause lasts, told once.
CREATE TABLE alerts (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    cause TEXT NOT NULL,
    severity TEXT NOT NULL,
    channel_id {uuid},
    details TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    occurrences BIGINT NOT NULL,
    mailed_at BIGINT,
    resolved_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id)
){clustered};
CREATE UNIQUE INDEX alerts_open ON alerts (workspace_id, kind, cause) WHERE resolved_at IS NULL;
CREATE INDEX alerts_by_cause ON alerts (workspace_id, kind, cause, opened_at);
CREATE INDEX alerts_to_mail ON alerts (opened_at) WHERE mailed_at IS NULL;
