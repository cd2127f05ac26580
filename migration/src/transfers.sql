-- That a conversation went from one team to another.
CREATE TABLE transfers (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    episode_id {uuid},
    member_id {uuid},
    from_team_id {uuid},
    to_team_id {uuid},
    note TEXT,
    transferred_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, from_team_id) REFERENCES teams (workspace_id, id),
    FOREIGN KEY (workspace_id, to_team_id) REFERENCES teams (workspace_id, id)
){clustered};
CREATE INDEX transfers_by_conversation ON transfers (workspace_id, conversation_id, id);
-- Since when the time for a stretch's targets stands still, what the targets were then, and for how long it has stood before.
ALTER TABLE episodes ADD COLUMN put_off_at BIGINT;
ALTER TABLE episodes ADD COLUMN put_off_targets TEXT;
ALTER TABLE episodes ADD COLUMN put_off_micros BIGINT NOT NULL DEFAULT 0;
-- Who is in a group, and who asks to be, as far as WhatsApp has told.
CREATE TABLE group_participants (
    workspace_id {uuid} NOT NULL,
    group_contact_id {uuid} NOT NULL,
    name TEXT NOT NULL,
    phone TEXT,
    user_id TEXT,
    status TEXT NOT NULL,
    status_at BIGINT NOT NULL,
    joined_at BIGINT,
    left_at BIGINT,
    PRIMARY KEY (workspace_id, group_contact_id, name),
    FOREIGN KEY (workspace_id, group_contact_id) REFERENCES contact_groups (workspace_id, contact_id)
){clustered};
