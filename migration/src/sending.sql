-- What Portaria itself sends: who wrote it if no member did, and where it is before WhatsApp says anything of it.
ALTER TABLE messages ADD COLUMN author_key_id {uuid};
ALTER TABLE messages ADD COLUMN sending TEXT;
-- A row for each message to be sent, beside the message. Its id goes along to Meta, and comes back with each status.
CREATE TABLE outgoing_messages (
    workspace_id {uuid} NOT NULL,
    message_id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    channel_id {uuid} NOT NULL,
    sender_id {uuid} NOT NULL,
    idempotency_key TEXT NOT NULL,
    content_hash {bytes} NOT NULL,
    category TEXT NOT NULL,
    template_id {uuid},
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    leased_until BIGINT,
    begun_at BIGINT,
    settled_at BIGINT,
    failure TEXT,
    failure_code BIGINT,
    failure_details TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, message_id),
    UNIQUE (workspace_id, sender_id, idempotency_key),
    FOREIGN KEY (workspace_id, message_id) REFERENCES messages (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id)
){clustered};
CREATE INDEX outgoing_messages_queued ON outgoing_messages (channel_id, message_id) WHERE state = 'queued';
CREATE INDEX outgoing_messages_in_line ON outgoing_messages (conversation_id, message_id) WHERE state IN ('queued', 'sending');
-- Under way, for whoever takes over a number.
CREATE INDEX outgoing_messages_under_way ON outgoing_messages (channel_id) WHERE state = 'sending';
CREATE INDEX outgoing_messages_open ON outgoing_messages (state, begun_at) WHERE state IN ('sending', 'unclear');
CREATE INDEX outgoing_messages_by_sender ON outgoing_messages (sender_id) WHERE state = 'queued';
-- Sent lately in a conversation, for what WhatsApp takes for one person.
CREATE INDEX outgoing_messages_by_conversation_begun ON outgoing_messages (workspace_id, conversation_id, begun_at);
-- How a number sends: who does it, how fast, and whether it is stopped.
CREATE TABLE channel_sending (
    workspace_id {uuid} NOT NULL,
    channel_id {uuid} NOT NULL,
    holder TEXT,
    leased_until BIGINT,
    messages_per_second INTEGER NOT NULL,
    slowed_until BIGINT,
    stopped_at BIGINT,
    stop_reason TEXT,
    stop_code BIGINT,
    next_probe_at BIGINT,
    PRIMARY KEY (workspace_id, channel_id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id)
){clustered};
-- Who came from an advertisement: whom answers in time write to free of charge for three days.
CREATE TABLE free_entry_points (
    workspace_id {uuid} NOT NULL,
    message_id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    referred_at BIGINT NOT NULL,
    answered_at BIGINT,
    PRIMARY KEY (workspace_id, message_id),
    FOREIGN KEY (workspace_id, message_id) REFERENCES messages (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
){clustered};
CREATE INDEX free_entry_points_by_conversation ON free_entry_points (workspace_id, conversation_id, referred_at);
-- What customers are to be shown: that their messages were read, and that somebody types. Of a conversation only the newest
-- counts, and after minutes none does any more; a merge leaves them as they are.
CREATE TABLE outgoing_receipts (
    workspace_id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    channel_id {uuid} NOT NULL,
    whatsapp_id TEXT NOT NULL,
    typing BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, conversation_id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id)
){clustered};
CREATE INDEX outgoing_receipts_by_channel ON outgoing_receipts (channel_id);
