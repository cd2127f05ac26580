-- `{uuid}`, `{bytes}`, `{clustered}` and `{rows}` differ by database: see ddl.rs.
-- Ids are UUIDv7. Times are UTC microseconds. Every tenant row starts with its workspace, and every reference
-- between tenant rows carries it, so that the database itself refuses a crossing.

CREATE TABLE workspaces (
    id {uuid} NOT NULL,
    name TEXT NOT NULL,
    slug TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    locale TEXT NOT NULL,
    front_end_url TEXT,
    access_epoch BIGINT NOT NULL,
    audit_minute INTEGER NOT NULL,
    inactive_after_days INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (slug)
){clustered};

CREATE TABLE users (
    id {uuid} NOT NULL,
    email TEXT NOT NULL,
    email_normalized TEXT NOT NULL,
    name TEXT NOT NULL,
    locale TEXT NOT NULL,
    password_hash TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (email_normalized)
){clustered};

CREATE TABLE members (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'removed')),
    availability TEXT NOT NULL CHECK (availability IN ('available', 'busy', 'offline')),
    capacity INTEGER NOT NULL,
    last_active_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, user_id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY (user_id) REFERENCES users (id)
){clustered};
CREATE INDEX members_by_user ON members (user_id);

CREATE TABLE teams (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, name),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};

CREATE TABLE meta_apps (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    "key" TEXT NOT NULL,
    name TEXT NOT NULL,
    verify_token_hash {bytes} NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE ("key"),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};

CREATE TABLE meta_app_secrets (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    meta_app_id {uuid} NOT NULL,
    sealed_secret {bytes} NOT NULL,
    sealing_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, meta_app_id) REFERENCES meta_apps (workspace_id, id)
){clustered};
CREATE INDEX meta_app_secrets_by_meta_app ON meta_app_secrets (workspace_id, meta_app_id);

CREATE TABLE channels (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    meta_app_id {uuid} NOT NULL,
    name TEXT NOT NULL,
    waba_id TEXT NOT NULL,
    phone_number_id TEXT NOT NULL,
    display_phone_number TEXT NOT NULL,
    sealed_access_token {bytes},
    sealing_key TEXT,
    team_id {uuid},
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (phone_number_id),
    FOREIGN KEY (workspace_id, meta_app_id) REFERENCES meta_apps (workspace_id, id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id)
){clustered};
CREATE INDEX channels_by_waba ON channels (workspace_id, waba_id);

CREATE TABLE team_members (
    workspace_id {uuid} NOT NULL,
    team_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, team_id, member_id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
){clustered};
CREATE INDEX team_members_by_member ON team_members (workspace_id, member_id);

CREATE TABLE team_channels (
    workspace_id {uuid} NOT NULL,
    team_id {uuid} NOT NULL,
    channel_id {uuid} NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, team_id, channel_id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id)
){clustered};
CREATE INDEX team_channels_by_channel ON team_channels (workspace_id, channel_id);

CREATE TABLE roles (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    built_in TEXT CHECK (built_in IN ('administrator', 'agent', 'developer', 'analyst', 'support')),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, name),
    UNIQUE (workspace_id, built_in),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};

CREATE TABLE role_permissions (
    workspace_id {uuid} NOT NULL,
    role_id {uuid} NOT NULL,
    permission TEXT NOT NULL,
    PRIMARY KEY (workspace_id, role_id, permission),
    FOREIGN KEY (workspace_id, role_id) REFERENCES roles (workspace_id, id)
){clustered};

CREATE TABLE grants (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    role_id {uuid} NOT NULL,
    channel_id {uuid},
    team_id {uuid},
    valid_from BIGINT NOT NULL,
    valid_until BIGINT,
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
    CHECK (valid_until IS NULL OR valid_until > valid_from)
){clustered};
CREATE INDEX grants_by_member ON grants (workspace_id, member_id);
CREATE INDEX grants_by_role ON grants (workspace_id, role_id);

CREATE TABLE sessions (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    token_hash {bytes} NOT NULL,
    authentication_method TEXT NOT NULL CHECK (authentication_method IN ('password', 'bootstrap')),
    second_factor BOOLEAN NOT NULL,
    authenticated_at BIGINT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (token_hash),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (user_id) REFERENCES users (id)
){clustered};
CREATE INDEX sessions_by_member ON sessions (workspace_id, member_id);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE sign_in_events (
    id {uuid} NOT NULL,
    "at" BIGINT NOT NULL,
    user_id {uuid},
    workspace_id {uuid},
    email TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('succeeded', 'unknown_email', 'wrong_password', 'no_password', 'not_a_member')),
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES users (id)
){clustered};
CREATE INDEX sign_in_events_by_user_at ON sign_in_events (user_id, "at");
CREATE INDEX sign_in_events_by_address_at ON sign_in_events (address, "at");
CREATE INDEX sign_in_events_by_at ON sign_in_events ("at");

CREATE TABLE setup_tokens (
    id {uuid} NOT NULL,
    token_hash {bytes} NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (id),
    UNIQUE (token_hash)
){clustered};

CREATE TABLE contacts (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    name TEXT,
    language TEXT,
    email TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};

CREATE TABLE contact_identities (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    contact_id {uuid} NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('business_scoped_id', 'parent_id', 'phone', 'username')),
    portfolio TEXT NOT NULL,
    value TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, kind, portfolio, value),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id)
){clustered};
CREATE INDEX contact_identities_by_contact ON contact_identities (workspace_id, contact_id);

CREATE TABLE conversations (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    contact_id {uuid} NOT NULL,
    channel_id {uuid} NOT NULL,
    team_id {uuid},
    status TEXT NOT NULL CHECK (status IN ('open', 'snoozed', 'resolved')),
    assignee_id {uuid},
    episode_id {uuid},
    last_message_id {uuid},
    last_activity_at BIGINT NOT NULL,
    last_inbound_at BIGINT,
    waiting_since BIGINT,
    unread_count INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, contact_id, channel_id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
    FOREIGN KEY (workspace_id, assignee_id) REFERENCES members (workspace_id, id),
    CHECK (unread_count >= 0)
){clustered};
CREATE INDEX conversations_by_last_activity_id ON conversations (workspace_id, last_activity_at, id);
CREATE INDEX conversations_by_channel_last_activity_id ON conversations (workspace_id, channel_id, last_activity_at, id);
CREATE INDEX conversations_by_assignee_last_activity_id ON conversations (workspace_id, assignee_id, last_activity_at, id);
CREATE INDEX conversations_by_status_last_activity_id ON conversations (workspace_id, status, last_activity_at, id);
CREATE INDEX conversations_open_by_assignee ON conversations (workspace_id, assignee_id) WHERE status = 'open';
CREATE INDEX conversations_waiting ON conversations (workspace_id, channel_id, team_id, waiting_since) WHERE status = 'open' AND assignee_id IS NULL;

CREATE TABLE episodes (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    opened_at BIGINT NOT NULL,
    first_assigned_at BIGINT,
    first_response_at BIGINT,
    resolved_at BIGINT,
    resolved_by {uuid},
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, resolved_by) REFERENCES members (workspace_id, id)
){clustered};
CREATE INDEX episodes_by_conversation_opened ON episodes (workspace_id, conversation_id, opened_at);

CREATE TABLE routing_decisions (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    episode_id {uuid} NOT NULL,
    "at" BIGINT NOT NULL,
    cause TEXT NOT NULL CHECK (cause IN ('new_episode', 'drain', 'access_lost')),
    assignee_id {uuid},
    candidates TEXT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, episode_id) REFERENCES episodes (workspace_id, id),
    FOREIGN KEY (workspace_id, assignee_id) REFERENCES members (workspace_id, id)
){clustered};
CREATE INDEX routing_decisions_by_conversation_at ON routing_decisions (workspace_id, conversation_id, "at");
CREATE INDEX routing_decisions_by_assignee_at ON routing_decisions (workspace_id, assignee_id, "at");

CREATE TABLE messages (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    channel_id {uuid} NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    whatsapp_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT,
    payload TEXT NOT NULL,
    reply_to_whatsapp_id TEXT,
    author_id {uuid},
    sent_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('none', 'sent', 'delivered', 'read', 'played', 'failed')),
    status_at BIGINT,
    edited_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (channel_id, whatsapp_id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id),
    FOREIGN KEY (workspace_id, author_id) REFERENCES members (workspace_id, id)
){clustered};
CREATE INDEX messages_by_conversation_sent_id ON messages (workspace_id, conversation_id, sent_at, id);
CREATE INDEX messages_acting_on ON messages (channel_id, reply_to_whatsapp_id) WHERE kind IN ('edit', 'revoke');

CREATE TABLE message_statuses (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    channel_id {uuid} NOT NULL,
    whatsapp_id TEXT NOT NULL,
    status TEXT NOT NULL,
    participant TEXT NOT NULL,
    "at" BIGINT NOT NULL,
    payload TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (channel_id, whatsapp_id, status, participant, "at"),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id)
){clustered};

CREATE TABLE webhook_deliveries (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    meta_app_id {uuid} NOT NULL,
    received_at BIGINT NOT NULL,
    body {bytes} NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'done', 'dead')),
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    leased_until BIGINT,
    processed_at BIGINT,
    error TEXT,
    stored_count INTEGER NOT NULL,
    duplicate_count INTEGER NOT NULL,
    foreign_count INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, meta_app_id) REFERENCES meta_apps (workspace_id, id)
){rows};
CREATE INDEX webhook_deliveries_by_status_nexttempt ON webhook_deliveries (status, next_attempt_at);
CREATE INDEX webhook_deliveries_by_received ON webhook_deliveries (workspace_id, received_at);

CREATE TABLE webhook_changes (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    delivery_id {uuid} NOT NULL,
    channel_id {uuid},
    entry_id TEXT NOT NULL,
    field TEXT NOT NULL,
    dedup_key {bytes} NOT NULL,
    payload TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, dedup_key),
    FOREIGN KEY (workspace_id, channel_id) REFERENCES channels (workspace_id, id)
){clustered};
CREATE INDEX webhook_changes_by_received ON webhook_changes (workspace_id, received_at);

CREATE TABLE webhook_refusals (
    minute BIGINT NOT NULL,
    app_key TEXT NOT NULL,
    cause TEXT NOT NULL CHECK (cause IN ('unknown_app', 'missing_signature', 'malformed_signature', 'wrong_signature', 'too_large')),
    count BIGINT NOT NULL,
    PRIMARY KEY (minute, app_key, cause)
){clustered};

CREATE TABLE events (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    seq BIGINT,
    kind TEXT NOT NULL CHECK (kind IN ('message_received', 'message_updated', 'conversation_changed', 'access_changed')),
    conversation_id {uuid},
    message_id {uuid},
    was_open BOOLEAN,
    was_team_id {uuid},
    was_assignee_id {uuid},
    "at" BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (seq),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};
CREATE INDEX events_by_at ON events ("at");

CREATE TABLE relays (
    id INTEGER NOT NULL,
    last_seq BIGINT NOT NULL,
    holder TEXT,
    leased_until BIGINT NOT NULL,
    PRIMARY KEY (id)
){clustered};

CREATE TABLE activities (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    "at" BIGINT NOT NULL,
    actor_member_id {uuid},
    session_id {uuid},
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    "before" TEXT,
    "after" TEXT,
    address TEXT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY (workspace_id, actor_member_id) REFERENCES members (workspace_id, id)
){clustered};
CREATE INDEX activities_by_at ON activities (workspace_id, "at");
CREATE INDEX activities_by_subject ON activities (workspace_id, subject);

CREATE TABLE audit_runs (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    job TEXT NOT NULL,
    scheduled_for TEXT NOT NULL,
    "trigger" TEXT NOT NULL CHECK (trigger IN ('schedule', 'manual')),
    started_at BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    finished_at BIGINT,
    members_checked INTEGER NOT NULL,
    findings_open INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, job, scheduled_for),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){clustered};
CREATE INDEX audit_runs_by_started ON audit_runs (workspace_id, started_at);

CREATE TABLE findings (
    workspace_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    rule TEXT NOT NULL CHECK (rule IN ('inactive_member', 'never_signed_in', 'account_under_attack', 'address_on_many_accounts', 'success_after_failures')),
    cause TEXT NOT NULL,
    severity TEXT NOT NULL CHECK (severity IN ('critical', 'high', 'medium', 'low')),
    status TEXT NOT NULL CHECK (status IN ('open', 'resolved')),
    member_id {uuid},
    evidence TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    resolved_at BIGINT,
    audit_run_id {uuid} NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, rule, cause),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, audit_run_id) REFERENCES audit_runs (workspace_id, id)
){clustered};
CREATE INDEX findings_by_status ON findings (workspace_id, status);

CREATE TABLE outgoing_mails (
    id {uuid} NOT NULL,
    workspace_id {uuid},
    dedup_key TEXT NOT NULL,
    to_name TEXT NOT NULL,
    to_address TEXT NOT NULL,
    subject TEXT NOT NULL,
    html TEXT NOT NULL,
    "text" TEXT NOT NULL,
    message_id TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'sent', 'failed')),
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    leased_until BIGINT,
    error TEXT,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    PRIMARY KEY (id),
    UNIQUE (dedup_key),
    UNIQUE (message_id),
    FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
){rows};
CREATE INDEX outgoing_mails_by_status_nexttempt ON outgoing_mails (status, next_attempt_at);
