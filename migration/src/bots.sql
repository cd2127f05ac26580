-- Programs that answer customers: each is an API key, with what it is told to do.
CREATE TABLE bots (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    api_key_id {uuid} NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    answers_first BOOLEAN NOT NULL,
    fallback_team_id {uuid},
    silent_minutes INTEGER NOT NULL,
    most_messages INTEGER NOT NULL,
    handover_words TEXT NOT NULL,
    created_by {uuid},
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    disconnected_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, api_key_id) REFERENCES api_keys (workspace_id, id),
    FOREIGN KEY (workspace_id, fallback_team_id) REFERENCES teams (workspace_id, id),
    FOREIGN KEY (workspace_id, created_by) REFERENCES members (workspace_id, id)
){clustered};
CREATE UNIQUE INDEX bots_of_keys ON bots (workspace_id, api_key_id) WHERE disconnected_at IS NULL;
-- On which numbers.
CREATE TABLE bot_channels (
    workspace_id {uuid} NOT NULL,
    bot_id {uuid} NOT NULL,
    channel_id {uuid} NOT NULL,
    PRIMARY KEY (workspace_id, bot_id, channel_id),
    FOREIGN KEY (workspace_id, bot_id) REFERENCES bots (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id)
){clustered};
-- Which bot has a conversation. Then nobody else has, and it does not wait.
ALTER TABLE conversations ADD COLUMN bot_id {uuid};
CREATE INDEX conversations_of_bots ON conversations (workspace_id, bot_id) WHERE bot_id IS NOT NULL;
ALTER TABLE events ADD COLUMN was_bot_id {uuid};
-- That a bot had a conversation: since when and why, until when and why not any longer.
CREATE TABLE bot_turns (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    bot_id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    channel_id {uuid} NOT NULL,
    started_at BIGINT NOT NULL,
    started_by {uuid},
    reason TEXT,
    ended_at BIGINT,
    ended_by {uuid},
    end_cause TEXT,
    end_reason TEXT,
    summary TEXT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, bot_id) REFERENCES bots (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, started_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, ended_by) REFERENCES members (workspace_id, id)
){clustered};
CREATE INDEX bot_turns_by_conversation ON bot_turns (workspace_id, conversation_id, started_at);
CREATE INDEX bot_turns_by_bot ON bot_turns (workspace_id, bot_id, started_at);
