-- Identity providers with the roles that their claims confer, whose identity is whose, and sign-ins on their way.

CREATE TABLE identity_providers (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    name TEXT NOT NULL,
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    sealed_client_secret {bytes},
    sealing_key TEXT,
    scopes TEXT NOT NULL,
    second_factor_acr TEXT NOT NULL,
    second_factor_amr TEXT NOT NULL,
    creates_members BOOLEAN NOT NULL,
    configured_by {uuid} NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY (workspace_id, configured_by) REFERENCES members (workspace_id, id)
){clustered};

CREATE TABLE role_mappings (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    provider_id {uuid} NOT NULL,
    claim TEXT NOT NULL,
    "value" TEXT NOT NULL,
    role_id {uuid} NOT NULL,
    channel_id {uuid},
    team_id {uuid},
    configured_by {uuid} NOT NULL,
    created_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by {uuid},
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, provider_id) REFERENCES identity_providers (workspace_id, id),
    FOREIGN KEY (workspace_id, role_id) REFERENCES roles (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
    FOREIGN KEY (workspace_id, configured_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, closed_by) REFERENCES members (workspace_id, id),
    CHECK (channel_id IS NULL OR team_id IS NULL)
){clustered};
CREATE INDEX role_mappings_by_provider ON role_mappings (workspace_id, provider_id);

-- Which grants a mapping has made, so that it takes back no other.
CREATE TABLE mapped_grants (
    workspace_id {uuid} NOT NULL,
    grant_id {uuid} NOT NULL,
    mapping_id {uuid} NOT NULL,
    PRIMARY KEY (workspace_id, grant_id),
    FOREIGN KEY (workspace_id, grant_id) REFERENCES grants (workspace_id, id),
    FOREIGN KEY (workspace_id, mapping_id) REFERENCES role_mappings (workspace_id, id)
){clustered};
CREATE INDEX mapped_grants_by_mapping ON mapped_grants (workspace_id, mapping_id);

CREATE TABLE external_identities (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    provider_id {uuid} NOT NULL,
    subject TEXT NOT NULL,
    member_id {uuid} NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, provider_id, subject),
    UNIQUE (workspace_id, provider_id, member_id),
    FOREIGN KEY (workspace_id, provider_id) REFERENCES identity_providers (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
){clustered};
CREATE INDEX external_identities_by_member ON external_identities (workspace_id, member_id);

-- What came back from a provider, until it is fetched or forgotten. Its key is the sign-in's own, so that no answer
-- counts twice.
CREATE TABLE single_sign_on_answers (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    provider_id {uuid} NOT NULL,
    code_hash {bytes},
    sealed_answer {bytes},
    sealing_key TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (code_hash),
    FOREIGN KEY (workspace_id, provider_id) REFERENCES identity_providers (workspace_id, id)
){clustered};
CREATE INDEX single_sign_on_answers_by_expires_at ON single_sign_on_answers (expires_at);

-- By which identity a session was opened.
CREATE TABLE single_sign_on_sessions (
    workspace_id {uuid} NOT NULL,
    session_id {uuid} NOT NULL,
    provider_id {uuid} NOT NULL,
    identity_id {uuid} NOT NULL,
    PRIMARY KEY (workspace_id, session_id),
    FOREIGN KEY (workspace_id, provider_id) REFERENCES identity_providers (workspace_id, id)
){clustered};
CREATE INDEX single_sign_on_sessions_by_identity ON single_sign_on_sessions (workspace_id, identity_id);
