-- `{uuid}`, `{bytes}` and `{clustered}` differ by database: see ddl.rs.

CREATE TABLE passkeys (
    id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    credential_id {bytes} NOT NULL,
    credential TEXT NOT NULL,
    rp_id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (id),
    UNIQUE (credential_id),
    FOREIGN KEY (user_id) REFERENCES users (id)
){clustered};
CREATE INDEX passkeys_by_user ON passkeys (user_id);

CREATE TABLE passkey_challenges (
    id {uuid} NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('registration', 'sign_in', 'step_up')),
    session_id {uuid},
    origin TEXT NOT NULL,
    address TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (id)
){clustered};
CREATE INDEX passkey_challenges_by_expiry ON passkey_challenges (expires_at);
CREATE INDEX passkey_challenges_by_address ON passkey_challenges (address, created_at);

CREATE TABLE recovery_codes (
    id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    code_hash {bytes} NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (id),
    UNIQUE (user_id, code_hash),
    FOREIGN KEY (user_id) REFERENCES users (id)
){clustered};

CREATE TABLE security_policies (
    workspace_id {uuid} NOT NULL,
    second_factor TEXT NOT NULL CHECK (second_factor IN ('nobody', 'roles', 'everyone')),
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};

CREATE TABLE security_policy_roles (
    workspace_id {uuid} NOT NULL,
    role_id {uuid} NOT NULL,
    PRIMARY KEY (workspace_id, role_id),
    FOREIGN KEY (workspace_id) REFERENCES security_policies (workspace_id),
    FOREIGN KEY (workspace_id, role_id) REFERENCES roles (workspace_id, id)
){clustered};

CREATE TABLE second_factor_resets (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    reset_by {uuid},
    reset_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, reset_by) REFERENCES members (workspace_id, id)
){clustered};
CREATE INDEX second_factor_resets_by_time ON second_factor_resets (workspace_id, reset_at);

-- Workspaces that are there already get what new ones get: administrators and developers need a second factor.
INSERT INTO security_policies (workspace_id, second_factor, updated_at)
SELECT id, 'roles', created_at FROM workspaces;
INSERT INTO security_policy_roles (workspace_id, role_id)
SELECT workspace_id, id FROM roles WHERE built_in IN ('administrator', 'developer');
UPDATE workspaces SET access_epoch = access_epoch + 1;
