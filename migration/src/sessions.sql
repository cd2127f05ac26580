CREATE TABLE session_policies (
    workspace_id {uuid} NOT NULL,
    idle_minutes INTEGER NOT NULL,
    lifetime_minutes INTEGER NOT NULL,
    PRIMARY KEY (workspace_id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};

CREATE TABLE known_devices (
    user_id {uuid} NOT NULL,
    fingerprint {bytes} NOT NULL,
    first_used_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, fingerprint),
    FOREIGN KEY (user_id) REFERENCES users (id)
){clustered};

ALTER TABLE api_keys ADD COLUMN previous_token_hash {bytes};
ALTER TABLE api_keys ADD COLUMN previous_ends_at BIGINT;
ALTER TABLE api_keys ADD COLUMN allowed_addresses TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN last_used_address TEXT;
ALTER TABLE api_keys ADD COLUMN last_used_agent TEXT;
ALTER TABLE api_keys ADD COLUMN refused_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN last_refused_at BIGINT;
ALTER TABLE api_keys ADD COLUMN last_refused_address TEXT;
CREATE UNIQUE INDEX api_keys_by_previous_token ON api_keys (previous_token_hash);
ALTER TABLE sessions ADD COLUMN confined BOOLEAN NOT NULL DEFAULT FALSE;
