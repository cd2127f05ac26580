-- Texts that were approved beforehand, as they are now; each as it was at any time is in its versions.
CREATE TABLE quick_replies (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    channel_id {uuid},
    team_id {uuid},
    title TEXT NOT NULL,
    shortcut TEXT,
    folder TEXT,
    content TEXT NOT NULL,
    version INTEGER NOT NULL,
    sort_key TEXT NOT NULL,
    search_text TEXT NOT NULL,
    taken_shortcut TEXT,
    created_by {uuid},
    created_by_key {uuid},
    created_at BIGINT NOT NULL,
    updated_by {uuid},
    updated_by_key {uuid},
    updated_at BIGINT NOT NULL,
    archived_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, taken_shortcut),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
    FOREIGN KEY (workspace_id, created_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, created_by_key) REFERENCES api_keys (workspace_id, id),
    FOREIGN KEY (workspace_id, updated_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, updated_by_key) REFERENCES api_keys (workspace_id, id)
){clustered};
CREATE INDEX quick_replies_by_title ON quick_replies (workspace_id, sort_key, id);
CREATE TABLE quick_reply_versions (
    workspace_id {uuid} NOT NULL,
    quick_reply_id {uuid} NOT NULL,
    version INTEGER NOT NULL,
    channel_id {uuid},
    team_id {uuid},
    title TEXT NOT NULL,
    shortcut TEXT,
    folder TEXT,
    content TEXT NOT NULL,
    author_id {uuid},
    author_key_id {uuid},
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, quick_reply_id, version),
    FOREIGN KEY (workspace_id, quick_reply_id) REFERENCES quick_replies (workspace_id, id)
){clustered};
-- How customers are to be answered, in writing.
CREATE TABLE guidelines (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    channel_id {uuid},
    team_id {uuid},
    language TEXT,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    position INTEGER NOT NULL,
    version INTEGER NOT NULL,
    -- The first version whose reading counts: later ones changed nothing that matters.
    counts_from INTEGER NOT NULL,
    created_by {uuid},
    created_by_key {uuid},
    created_at BIGINT NOT NULL,
    updated_by {uuid},
    updated_by_key {uuid},
    updated_at BIGINT NOT NULL,
    archived_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
    FOREIGN KEY (workspace_id, created_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, created_by_key) REFERENCES api_keys (workspace_id, id),
    FOREIGN KEY (workspace_id, updated_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, updated_by_key) REFERENCES api_keys (workspace_id, id)
){clustered};
CREATE INDEX guidelines_in_order ON guidelines (workspace_id, position, id);
CREATE TABLE guideline_versions (
    workspace_id {uuid} NOT NULL,
    guideline_id {uuid} NOT NULL,
    version INTEGER NOT NULL,
    channel_id {uuid},
    team_id {uuid},
    language TEXT,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    is_minor BOOLEAN NOT NULL,
    author_id {uuid},
    author_key_id {uuid},
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, guideline_id, version),
    FOREIGN KEY (workspace_id, guideline_id) REFERENCES guidelines (workspace_id, id)
){clustered};
-- Who has read which version, by their own word.
CREATE TABLE guideline_acknowledgements (
    workspace_id {uuid} NOT NULL,
    guideline_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    version INTEGER NOT NULL,
    acknowledged_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, guideline_id, member_id, version),
    FOREIGN KEY (workspace_id, guideline_id, version) REFERENCES guideline_versions (workspace_id, guideline_id, version),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
){clustered};
-- Which quick reply a message was, as it read then.
CREATE TABLE message_quick_replies (
    workspace_id {uuid} NOT NULL,
    message_id {uuid} NOT NULL,
    quick_reply_id {uuid} NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, message_id),
    FOREIGN KEY (workspace_id, message_id) REFERENCES messages (workspace_id, id),
    FOREIGN KEY (workspace_id, quick_reply_id, version) REFERENCES quick_reply_versions (workspace_id, quick_reply_id, version)
){clustered};
