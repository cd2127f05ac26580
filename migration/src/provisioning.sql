-- A company's directory, which creates and removes access by SCIM: what it signs in with, whom and which groups it knows,
-- what its groups stand for, and what came of that.

CREATE TABLE directory_credentials (
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

CREATE TABLE directory_approvals (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    credential_id {uuid} NOT NULL,
    role_id {uuid} NOT NULL,
    channel_id {uuid},
    team_id {uuid},
    approved_by {uuid} NOT NULL,
    created_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by {uuid},
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, credential_id) REFERENCES directory_credentials (workspace_id, id),
    FOREIGN KEY (workspace_id, role_id) REFERENCES roles (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
    FOREIGN KEY (workspace_id, approved_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, closed_by) REFERENCES members (workspace_id, id),
    CHECK (channel_id IS NULL OR team_id IS NULL)
){clustered};
CREATE INDEX directory_approvals_by_credential ON directory_approvals (workspace_id, credential_id);

CREATE TABLE directory_users (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    user_name TEXT NOT NULL,
    external_id TEXT,
    addresses TEXT NOT NULL,
    profile TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    member_id {uuid},
    made_account BOOLEAN NOT NULL,
    suspended_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, user_name),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
){clustered};
CREATE UNIQUE INDEX directory_users_by_member ON directory_users (workspace_id, member_id) WHERE member_id IS NOT NULL;
CREATE INDEX directory_users_by_external ON directory_users (workspace_id, external_id);

CREATE TABLE directory_groups (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    external_id TEXT,
    awaited BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};
CREATE UNIQUE INDEX directory_groups_by_name ON directory_groups (workspace_id, name_key) WHERE deleted_at IS NULL;

CREATE TABLE directory_group_members (
    workspace_id {uuid} NOT NULL,
    group_id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    PRIMARY KEY (workspace_id, group_id, user_id),
    FOREIGN KEY (workspace_id, group_id) REFERENCES directory_groups (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES directory_users (workspace_id, id)
){clustered};
CREATE INDEX directory_group_members_by_user ON directory_group_members (workspace_id, user_id);

CREATE TABLE directory_mappings (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    group_id {uuid} NOT NULL,
    joins_team_id {uuid},
    role_id {uuid},
    channel_id {uuid},
    team_id {uuid},
    created_by {uuid} NOT NULL,
    created_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by {uuid},
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, group_id) REFERENCES directory_groups (workspace_id, id),
    FOREIGN KEY (workspace_id, joins_team_id) REFERENCES teams (workspace_id, id),
    FOREIGN KEY (workspace_id, role_id) REFERENCES roles (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
    FOREIGN KEY (workspace_id, created_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, closed_by) REFERENCES members (workspace_id, id),
    CHECK ((joins_team_id IS NULL) <> (role_id IS NULL)),
    CHECK (role_id IS NOT NULL OR (channel_id IS NULL AND team_id IS NULL)),
    CHECK (channel_id IS NULL OR team_id IS NULL)
){clustered};
CREATE INDEX directory_mappings_by_group ON directory_mappings (workspace_id, group_id);

CREATE TABLE directory_effects (
    workspace_id {uuid} NOT NULL,
    mapping_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    grant_id {uuid},
    PRIMARY KEY (workspace_id, mapping_id, member_id),
    FOREIGN KEY (workspace_id, mapping_id) REFERENCES directory_mappings (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, grant_id) REFERENCES grants (workspace_id, id)
){clustered};
CREATE INDEX directory_effects_by_member ON directory_effects (workspace_id, member_id);
CREATE INDEX directory_effects_by_grant ON directory_effects (workspace_id, grant_id);

ALTER TABLE activities ADD COLUMN actor_directory_id {uuid};
ALTER TABLE invitations ADD COLUMN directory_user_id {uuid};
