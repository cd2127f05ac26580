CREATE TABLE api_keys (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    token_hash {bytes} NOT NULL,
    created_by {uuid} NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT,
    revoked_by {uuid},
    PRIMARY KEY (workspace_id, id),
    UNIQUE (token_hash),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY (workspace_id, created_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, revoked_by) REFERENCES members (workspace_id, id)
){clustered};

CREATE TABLE api_key_grants (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    api_key_id {uuid} NOT NULL,
    role_id {uuid} NOT NULL,
    channel_id {uuid},
    team_id {uuid},
    granted_by {uuid} NOT NULL,
    created_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by {uuid},
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, api_key_id) REFERENCES api_keys (workspace_id, id),
    FOREIGN KEY (workspace_id, role_id) REFERENCES roles (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
    FOREIGN KEY (workspace_id, granted_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, closed_by) REFERENCES members (workspace_id, id),
    CHECK (channel_id IS NULL OR team_id IS NULL)
){clustered};
CREATE INDEX api_key_grants_by_key ON api_key_grants (workspace_id, api_key_id);
CREATE INDEX api_key_grants_by_role ON api_key_grants (workspace_id, role_id);

ALTER TABLE activities ADD COLUMN actor_api_key_id {uuid};
