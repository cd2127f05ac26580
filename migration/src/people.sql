-- Invitations with the grants they name, eligibility for emergency roles, and the times at which roles and teams were
-- deleted: grants refer to them for ever, so their rows stay.

CREATE TABLE invitations (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    email_normalized TEXT NOT NULL,
    locale TEXT NOT NULL,
    token_hash {bytes} NOT NULL,
    invited_by {uuid} NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    accepted_at BIGINT,
    accepted_by {uuid},
    revoked_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (token_hash),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY (workspace_id, invited_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, accepted_by) REFERENCES members (workspace_id, id)
){clustered};
CREATE INDEX invitations_by_email ON invitations (workspace_id, email_normalized);

CREATE TABLE invitation_grants (
    workspace_id {uuid} NOT NULL,
    invitation_id {uuid} NOT NULL,
    position INTEGER NOT NULL,
    role_id {uuid} NOT NULL,
    channel_id {uuid},
    team_id {uuid},
    valid_from BIGINT,
    valid_until BIGINT,
    reason TEXT NOT NULL,
    PRIMARY KEY (workspace_id, invitation_id, position),
    FOREIGN KEY (workspace_id, invitation_id) REFERENCES invitations (workspace_id, id),
    FOREIGN KEY (workspace_id, role_id) REFERENCES roles (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
    CHECK (channel_id IS NULL OR team_id IS NULL)
){clustered};

CREATE TABLE emergency_eligibilities (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    role_id {uuid} NOT NULL,
    channel_id {uuid},
    team_id {uuid},
    max_hours INTEGER NOT NULL,
    reason TEXT NOT NULL,
    granted_by {uuid},
    created_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by {uuid},
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, role_id) REFERENCES roles (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
    FOREIGN KEY (workspace_id, granted_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, closed_by) REFERENCES members (workspace_id, id),
    CHECK (channel_id IS NULL OR team_id IS NULL),
    CHECK (max_hours BETWEEN 1 AND 72)
){clustered};
CREATE INDEX emergency_eligibilities_by_member ON emergency_eligibilities (workspace_id, member_id);

CREATE TABLE emergency_activations (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    eligibility_id {uuid} NOT NULL,
    grant_id {uuid} NOT NULL,
    reason TEXT NOT NULL,
    activated_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, eligibility_id) REFERENCES emergency_eligibilities (workspace_id, id)
){clustered};
CREATE INDEX emergency_activations_by_eligibility ON emergency_activations (workspace_id, eligibility_id);

ALTER TABLE roles ADD COLUMN deleted_at BIGINT;
ALTER TABLE teams ADD COLUMN deleted_at BIGINT;
