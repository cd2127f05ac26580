-- When administrators are told at once, and what waits until the morning. A workspace without a row has the defaults.
CREATE TABLE alert_policies (
    workspace_id {uuid} NOT NULL,
    is_quiet BOOLEAN NOT NULL,
    quiet_from INTEGER NOT NULL,
    quiet_until INTEGER NOT NULL,
    quiet_severity TEXT NOT NULL,
    notices_an_hour INTEGER NOT NULL,
    PRIMARY KEY (workspace_id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};

-- Which process looks for what cannot wait, and until when it has looked: a single row.
CREATE TABLE sweeps (
    id INTEGER NOT NULL PRIMARY KEY,
    holder TEXT,
    leased_until BIGINT NOT NULL,
    swept_at BIGINT NOT NULL
);
INSERT INTO sweeps (id, leased_until, swept_at) VALUES (1, 0, 0);

-- Findings that are to be told at once, until they are.
CREATE TABLE findings_to_tell (
    workspace_id {uuid} NOT NULL,
    finding_id {uuid} NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, finding_id),
    FOREIGN KEY (workspace_id, finding_id) REFERENCES findings (workspace_id, id)
){clustered};

-- Alerts that are to be told, the critical ones first.
CREATE INDEX alerts_to_tell ON alerts (workspace_id, severity, opened_at) WHERE mailed_at IS NULL;

-- That something was told at once: a row for all that was told together, by which too many are held back.
CREATE TABLE notices (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    is_urgent BOOLEAN NOT NULL,
    told_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};
CREATE INDEX notices_by_time ON notices (workspace_id, told_at);

-- Where else than by mail it is told, and what may be told there.
CREATE TABLE notification_endpoints (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    host TEXT NOT NULL,
    language TEXT NOT NULL,
    least_severity TEXT NOT NULL,
    permissions TEXT NOT NULL,
    created_by {uuid},
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    failing_since BIGINT,
    disabled_at BIGINT,
    disabled_because TEXT,
    deleted_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY (workspace_id, created_by) REFERENCES members (workspace_id, id)
){clustered};

-- Its address, which may be a secret by itself, and with what is signed; the one before it for a while.
CREATE TABLE notification_endpoint_secrets (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    endpoint_id {uuid} NOT NULL,
    purpose TEXT NOT NULL,
    sealed_secret {bytes} NOT NULL,
    sealing_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ends_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES notification_endpoints (workspace_id, id)
){clustered};
CREATE INDEX notification_endpoint_secrets_of ON notification_endpoint_secrets (workspace_id, endpoint_id);

-- What is to be sent there, each once; the id is told to whoever receives it.
CREATE TABLE notification_deliveries (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    endpoint_id {uuid} NOT NULL,
    is_test BOOLEAN NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    leased_until BIGINT,
    answered INTEGER,
    problem TEXT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES notification_endpoints (workspace_id, id)
){clustered};
CREATE INDEX notification_deliveries_due ON notification_deliveries (next_attempt_at) WHERE status = 'queued';
CREATE INDEX notification_deliveries_in_line ON notification_deliveries (workspace_id, endpoint_id, is_test, id) WHERE status = 'queued';
CREATE INDEX notification_deliveries_of ON notification_deliveries (workspace_id, endpoint_id, id);
