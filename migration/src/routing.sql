-- Who had a conversation last, until when it is put off, and since when it is for who receives escalations. No reference
-- from a column that is added: who is a member stays in the table.
ALTER TABLE conversations ADD COLUMN last_assignee_id {uuid};
ALTER TABLE conversations ADD COLUMN snoozed_until BIGINT;
ALTER TABLE conversations ADD COLUMN escalated_at BIGINT;
UPDATE conversations SET last_assignee_id = assignee_id;
CREATE INDEX conversations_snoozed ON conversations (snoozed_until) WHERE status = 'snoozed';
-- Why nobody could be found last; by when the company means to have answered and to be done, and from when that is at risk.
ALTER TABLE episodes ADD COLUMN waiting_reason TEXT;
ALTER TABLE episodes ADD COLUMN first_response_due_at BIGINT;
ALTER TABLE episodes ADD COLUMN resolution_due_at BIGINT;
ALTER TABLE episodes ADD COLUMN first_response_risk_at BIGINT;
ALTER TABLE episodes ADD COLUMN resolution_risk_at BIGINT;
CREATE INDEX episodes_response_at_risk ON episodes (first_response_risk_at)
    WHERE first_response_at IS NULL AND resolved_at IS NULL;
CREATE INDEX episodes_resolution_at_risk ON episodes (resolution_risk_at) WHERE resolved_at IS NULL;
CREATE INDEX routing_decisions_by_at ON routing_decisions ("at");

-- Who gave an episode back to the queue, and is not given it again.
CREATE TABLE episode_declines (
    workspace_id {uuid} NOT NULL,
    episode_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    declined_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, episode_id, member_id),
    FOREIGN KEY (workspace_id, episode_id) REFERENCES episodes (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
){clustered};

CREATE TABLE escalations (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    episode_id {uuid},
    member_id {uuid},
    reason TEXT NOT NULL,
    escalated_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
){clustered};
CREATE INDEX escalations_by_conversation ON escalations (workspace_id, conversation_id, id);

-- Who is there, and who is taken for away because they are not.
CREATE TABLE presences (
    workspace_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    seen_at BIGINT,
    away_since_at BIGINT,
    left_as TEXT,
    PRIMARY KEY (workspace_id, member_id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
){clustered};

-- How a workspace routes. A workspace without a row goes by the defaults.
CREATE TABLE workspace_routings (
    workspace_id {uuid} NOT NULL,
    absent_after_minutes INTEGER,
    give_back_after_minutes INTEGER NOT NULL,
    waiting_alert_minutes INTEGER,
    skill_wait_minutes INTEGER NOT NULL,
    PRIMARY KEY (workspace_id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};

-- How a team's conversations are routed, and what it means to achieve. A team without a row goes by the defaults.
CREATE TABLE team_routings (
    workspace_id {uuid} NOT NULL,
    team_id {uuid} NOT NULL,
    rule TEXT NOT NULL,
    sticky BOOLEAN NOT NULL,
    waiting_alert_minutes INTEGER,
    first_response_minutes INTEGER,
    resolution_minutes INTEGER,
    at_risk_percent INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, team_id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id)
){clustered};

-- When a team, or who answers a number, is there. The weekly hours and the days that differ are JSON.
CREATE TABLE business_hours (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    team_id {uuid},
    channel_id {uuid},
    time_zone TEXT NOT NULL,
    weekly TEXT NOT NULL,
    exceptions TEXT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id),
    CHECK ((team_id IS NULL) <> (channel_id IS NULL))
){clustered};
CREATE UNIQUE INDEX business_hours_of_team ON business_hours (workspace_id, team_id) WHERE team_id IS NOT NULL;
CREATE UNIQUE INDEX business_hours_of_channel ON business_hours (workspace_id, channel_id) WHERE channel_id IS NOT NULL;

CREATE TABLE labels (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    name TEXT NOT NULL,
    is_skill BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, name),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};

CREATE TABLE conversation_labels (
    workspace_id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    label_id {uuid} NOT NULL,
    PRIMARY KEY (workspace_id, conversation_id, label_id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, label_id) REFERENCES labels (workspace_id, id)
){clustered};

CREATE TABLE member_skills (
    workspace_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    label_id {uuid} NOT NULL,
    PRIMARY KEY (workspace_id, member_id, label_id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, label_id) REFERENCES labels (workspace_id, id)
){clustered};
