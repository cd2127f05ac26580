-- What customers want of marketing messages: each thing said is kept, the latest counts.
CREATE TABLE consents (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    contact_id {uuid} NOT NULL,
    topic TEXT NOT NULL,
    choice TEXT NOT NULL,
    source TEXT NOT NULL,
    note TEXT,
    recorded_by {uuid},
    stated_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    FOREIGN KEY (workspace_id, recorded_by) REFERENCES members (workspace_id, id)
){clustered};
CREATE INDEX consents_by_contact_stated ON consents (workspace_id, contact_id, topic, stated_at, id);
-- What Meta says of WhatsApp Business accounts, each fact with its time.
CREATE TABLE business_accounts (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    waba_id TEXT NOT NULL,
    status TEXT,
    status_at BIGINT,
    restrictions TEXT,
    restrictions_at BIGINT,
    review TEXT,
    review_at BIGINT,
    messaging_limit TEXT,
    messaging_limit_at BIGINT,
    last_event TEXT,
    last_event_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, waba_id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};
-- The same of numbers.
CREATE TABLE channel_facts (
    workspace_id {uuid} NOT NULL,
    channel_id {uuid} NOT NULL,
    quality TEXT,
    quality_at BIGINT,
    throughput TEXT,
    throughput_at BIGINT,
    messaging_limit TEXT,
    messaging_limit_at BIGINT,
    verified_name TEXT,
    verified_name_at BIGINT,
    name_decision TEXT,
    name_decision_at BIGINT,
    username TEXT,
    username_at BIGINT,
    username_status TEXT,
    username_status_at BIGINT,
    history TEXT,
    history_at BIGINT,
    PRIMARY KEY (workspace_id, channel_id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id)
){clustered};
-- The same of message templates.
CREATE TABLE templates (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    waba_id TEXT NOT NULL,
    meta_id TEXT NOT NULL,
    name TEXT,
    name_at BIGINT,
    language TEXT,
    language_at BIGINT,
    status TEXT,
    status_at BIGINT,
    reason TEXT,
    reason_at BIGINT,
    category TEXT,
    category_at BIGINT,
    coming_category TEXT,
    coming_category_at BIGINT,
    quality TEXT,
    quality_at BIGINT,
    components TEXT,
    components_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, waba_id, meta_id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};
-- What came of kinds that Portaria does not know.
CREATE TABLE unknown_contents (
    workspace_id {uuid} NOT NULL,
    field TEXT NOT NULL,
    kind TEXT NOT NULL,
    occurrences BIGINT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, field, kind),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};
-- Groups in which customers write; each is a contact of its own.
CREATE TABLE contact_groups (
    workspace_id {uuid} NOT NULL,
    contact_id {uuid} NOT NULL,
    channel_id {uuid} NOT NULL,
    group_id TEXT NOT NULL,
    subject TEXT,
    subject_at BIGINT,
    status TEXT,
    status_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, contact_id),
    UNIQUE (workspace_id, group_id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id)
){clustered};
-- Who of a group wrote a message.
CREATE TABLE message_senders (
    workspace_id {uuid} NOT NULL,
    message_id {uuid} NOT NULL,
    contact_id {uuid} NOT NULL,
    PRIMARY KEY (workspace_id, message_id),
    FOREIGN KEY (workspace_id, message_id) REFERENCES messages (workspace_id, id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id)
){clustered};
CREATE INDEX messages_reacting ON messages (channel_id, reply_to_whatsapp_id) WHERE kind = 'reaction';
